"""Polish. Minutes and hours are both feminine; "mniej niż" takes the nominative, "w ciągu" the genitive.

Unlike its neighbours, Polish counts 21 like 25: "dwadzieścia jeden minut".
"""

from __future__ import annotations

from callbackd.domain.phrase import Day, Fixed
from callbackd.prompts.language import Language, few, spell

SMALL = (
    *("zero", "jeden", "dwa", "trzy", "cztery", "pięć", "sześć", "siedem", "osiem", "dziewięć"),
    *("dziesięć", "jedenaście", "dwanaście", "trzynaście", "czternaście"),
    *("piętnaście", "szesnaście", "siedemnaście", "osiemnaście", "dziewiętnaście"),
)
FEMININE = ("zero", "jeden", "dwie", *SMALL[3:])
"""As part of a compound, where "jeden" has no gender; one alone is said without a number."""
GENITIVE = (
    *("zera", "jeden", "dwóch", "trzech", "czterech", "pięciu", "sześciu", "siedmiu", "ośmiu", "dziewięciu"),
    *("dziesięciu", "jedenastu", "dwunastu", "trzynastu", "czternastu"),
    *("piętnastu", "szesnastu", "siedemnastu", "osiemnastu", "dziewiętnastu"),
)
TENS = (
    *("", "", "dwadzieścia", "trzydzieści", "czterdzieści"),
    *("pięćdziesiąt", "sześćdziesiąt", "siedemdziesiąt", "osiemdziesiąt", "dziewięćdziesiąt"),
)
TENS_GENITIVE = (
    *("", "", "dwudziestu", "trzydziestu", "czterdziestu"),
    *("pięćdziesięciu", "sześćdziesięciu", "siedemdziesięciu", "osiemdziesięciu", "dziewięćdziesięciu"),
)
PLACES = (
    *("", "pierwszym", "drugim", "trzecim", "czwartym", "piątym", "szóstym", "siódmym", "ósmym", "dziewiątym"),
    *("dziesiątym", "jedenastym", "dwunastym", "trzynastym", "czternastym"),
    *("piętnastym", "szesnastym", "siedemnastym", "osiemnastym", "dziewiętnastym"),
)
"""Ordinals in the locative; ten and unit both are: dwudziestym pierwszym."""
ROUND_PLACES = (
    *("", "", "dwudziestym", "trzydziestym", "czterdziestym"),
    *("pięćdziesiątym", "sześćdziesiątym", "siedemdziesiątym", "osiemdziesiątym", "dziewięćdziesiątym"),
)

FIXED = {
    Fixed.OFFER: "Jeśli nie chcą Państwo czekać, proszę w dowolnej chwili nacisnąć jeden. "
    "Zachowają Państwo miejsce w kolejce, a my oddzwonimy, gdy nadejdzie Państwa kolej.",
    Fixed.OFFER_BOTH: "Jeśli nie chcą Państwo czekać, proszę w dowolnej chwili nacisnąć jeden. "
    "Zachowają Państwo miejsce w kolejce, a my oddzwonimy, gdy nadejdzie Państwa kolej. "
    "Aby wybrać termin oddzwonienia, proszę nacisnąć dwa.",
    Fixed.OFFER_TIME: "Jeśli nie chcą Państwo czekać, proszę w dowolnej chwili nacisnąć dwa "
    "i wybrać termin oddzwonienia.",
    Fixed.CLOSED: "W tej chwili nasza infolinia jest nieczynna.",
    Fixed.HOLIDAY: "Dziś z powodu święta nasza infolinia jest nieczynna.",
    Fixed.FULL: "W tej chwili czeka więcej osób, niż możemy obsłużyć w rozsądnym czasie.",
    Fixed.NOBODY_HERE: "Przepraszamy, w tej chwili nikt nie może odebrać Państwa telefonu.",
    Fixed.LONG_WAIT: "Przepraszamy, czekają Państwo dłużej, niż powinni.",
    Fixed.CLOSING: "Kończymy pracę na dziś.",
    Fixed.SLOT_INTRO: "Możemy oddzwonić w dogodnym dla Państwa terminie.",
    Fixed.SLOT_OTHER: "Aby wybrać inny termin, proszę nacisnąć dziewięć.",
    Fixed.SLOT_STAY: "Aby dalej czekać na linii, proszę nacisnąć zero.",
    Fixed.KEY_TIME: "Proszę wprowadzić godzinę w postaci czterech cyfr, "
    "na przykład jeden, pięć, trzy, zero dla godziny piętnastej trzydzieści.",
    Fixed.KEY_DAY: "Jeśli mamy zadzwonić dzisiaj, proszę nacisnąć zero. Jutro — jeden. Pojutrze — dwa. "
    "I tak dalej do siedmiu, czyli dokładnie za tydzień.",
    Fixed.TIME_REFUSED: "Przepraszamy, nie możemy zadzwonić w tym terminie.",
    Fixed.NO_TIME_FREE: "Przepraszamy, w tej chwili nie ma wolnych terminów oddzwonienia.",
    Fixed.NUMBER_IS: "Oddzwonimy na numer:",
    Fixed.CONFIRM_MENU: "Jeśli numer jest poprawny, proszę nacisnąć jeden. "
    "Aby podać inny numer, proszę nacisnąć dwa. "
    "Aby dalej czekać na linii, proszę nacisnąć zero.",
    Fixed.KEY_NUMBER: "Proszę wprowadzić numer telefonu, a następnie nacisnąć krzyżyk.",
    Fixed.NUMBER_REFUSED: "Przepraszamy, nie możemy zadzwonić na ten numer.",
    Fixed.WRONG_KEY: "Przepraszamy, nie zrozumieliśmy tego wyboru.",
    Fixed.KEEP_WAITING: "Zachowali Państwo miejsce w kolejce. Prosimy pozostać na linii.",
    Fixed.NO_CALLBACK_NOW: "Przepraszamy, w tej chwili nie możemy przyjąć prośby o oddzwonienie. "
    "Zachowali Państwo miejsce w kolejce. Prosimy pozostać na linii.",
    Fixed.TOO_MANY_CALLBACKS: "Otrzymaliśmy już kilka próśb o oddzwonienie. "
    "Przepraszamy, nie możemy teraz przyjąć kolejnej.",
    Fixed.ALREADY_PROMISED: "Prośba o oddzwonienie na ten numer została już przyjęta.",
    Fixed.ALREADY_MENU: "Państwa miejsce w kolejce na oddzwonienie już czeka. Aby czekać na linii na swoim miejscu, "
    "proszę nacisnąć jeden. Aby zachować oddzwonienie — dwa. "
    "Po rozłączeniu i tak oddzwonimy: wtedy można je przełożyć lub odwołać.",
    Fixed.ALREADY_MENU_ALL: "Państwa miejsce w kolejce na oddzwonienie już czeka. "
    "Aby czekać na linii na swoim miejscu, proszę nacisnąć jeden. "
    "Aby zachować oddzwonienie — dwa. Aby je odwołać — trzy. Aby wybrać inny termin — cztery.",
    Fixed.CALLBACK_KEPT: "Oddzwonimy zgodnie z obietnicą. Do usłyszenia.",
    Fixed.CALLBACK_CANCELLED: "Oddzwonienie zostało odwołane. Do usłyszenia.",
    Fixed.PROMISE: "Dziękujemy. Państwa miejsce w kolejce jest zachowane. "
    "Gdy nadejdzie Państwa kolej, oddzwonimy na numer:",
    Fixed.GOODBYE: "Dziękujemy, do usłyszenia.",
    Fixed.CALLBACK_MENU: "Aby porozmawiać z nami teraz, proszę nacisnąć jeden. "
    "Aby odebrać telefon później, proszę nacisnąć dwa. "
    "Jeśli rozmowa nie jest już potrzebna, proszę nacisnąć trzy. "
    "Jeśli nigdy więcej nie mamy dzwonić na ten numer, proszę nacisnąć dziewięć.",
    Fixed.NEVER_AGAIN: "Nie będziemy więcej dzwonić na ten numer. Do usłyszenia.",
    Fixed.POSTPONE_MENU: "Jeśli mamy zadzwonić za dziesięć minut, proszę nacisnąć jeden. "
    "Za dwadzieścia minut dwa, i tak dalej do dziewięciu.",
    Fixed.CONNECTING: "Dziękujemy. Proszę czekać, łączymy.",
    Fixed.CALLBACK_SORRY: "Przepraszamy, po naszej stronie wystąpił błąd. Zadzwonimy ponownie. Do usłyszenia.",
    Fixed.CUT_OFF_BEFORE: "Przepraszamy, nasza poprzednia rozmowa została przerwana.",
    Fixed.AGENT_LOST: "Przepraszamy, połączenie nie powiodło się. Jest Pani lub Pan następny w kolejce.",
    Fixed.CALLBACK_LATER: "Spróbujemy zadzwonić później. Do usłyszenia.",
    Fixed.AGENT_LOGGED_IN: "Zalogowano.",
    Fixed.AGENT_LOGGED_OUT: "Wylogowano.",
    Fixed.AGENT_PAUSED: "Przerwa rozpoczęta.",
    Fixed.AGENT_BACK_WHEN: "Proszę wprowadzić, za ile minut nastąpi powrót, a następnie nacisnąć krzyżyk.",
    Fixed.AGENT_BACK_NOTED: "Dziękujemy. O tej porze spodziewamy się powrotu.",
    Fixed.AGENT_MISSED: "Nastąpiła przerwa, ponieważ połączenia nie były odbierane.",
    Fixed.AGENT_UNPAUSED: "Przerwa zakończona.",
    Fixed.AGENT_ACCEPT: "Nowe połączenie. Aby je odebrać, proszę nacisnąć jeden.",
    Fixed.AGENT_WRAP_UP_LONGER: "Przedłużono czas na zakończenie zgłoszenia.",
    Fixed.AGENT_READY: "Czas na zakończenie zgłoszenia minął.",
    Fixed.AGENT_CALLED_IN: "Wezwano z rezerwy.",
    Fixed.AGENT_SENT_HOME: "Powrót do rezerwy.",
    Fixed.NOT_AN_AGENT: "Ten telefon nie należy do żadnego konsultanta.",
    Fixed.NOT_NOW: "W tej chwili to niemożliwe.",
}


HOURS = (
    *("zero", "pierwszej", "drugiej", "trzeciej", "czwartej", "piątej", "szóstej", "siódmej", "ósmej", "dziewiątej"),
    *("dziesiątej", "jedenastej", "dwunastej", "trzynastej", "czternastej"),
    *("piętnastej", "szesnastej", "siedemnastej", "osiemnastej", "dziewiętnastej"),
    *("dwudziestej", "dwudziestej pierwszej", "dwudziestej drugiej", "dwudziestej trzeciej"),
)
"""Ordinals in the locative, feminine; the first is none: "zero piętnaście"."""

DAYS = {
    Day.TODAY: "dzisiaj",
    Day.TOMORROW: "jutro",
    Day.MONDAY: "w poniedziałek",
    Day.TUESDAY: "we wtorek",
    Day.WEDNESDAY: "w środę",
    Day.THURSDAY: "w czwartek",
    Day.FRIDAY: "w piątek",
    Day.SATURDAY: "w sobotę",
    Day.SUNDAY: "w niedzielę",
    Day.IN_A_WEEK: "dokładnie za tydzień",
}


def nominative(n: int, one: str, some: str, many: str) -> str:
    """Minuta, dwie minuty, pięć minut."""
    return one if n == 1 else f"{spell(n, FEMININE, TENS, 'sto')} {some if few(n) else many}"


def genitive(n: int, one: str, many: str) -> str:
    """Minuty, dwóch minut, dwudziestu jeden minut."""
    return one if n == 1 else f"{spell(n, GENITIVE, TENS_GENITIVE, 'stu')} {many}"


def longest(total: int) -> str:
    """A duration in the nominative."""
    hours, rest = divmod(total, 60)
    if not hours:
        return nominative(rest, "minuta", "minuty", "minut")
    if not rest:
        return nominative(hours, "godzina", "godziny", "godzin")
    return nominative(hours, "półtorej godziny", "i pół godziny", "i pół godziny")


def within(total: int) -> str:
    """A duration in the genitive."""
    hours, rest = divmod(total, 60)
    if not hours:
        return genitive(rest, "minuty", "minut")
    return genitive(hours, "półtorej godziny", "i pół godziny") if rest else genitive(hours, "godziny", "godzin")


def at(minute: int) -> str:
    """As a timetable is read out; "o północy" alone would leave open which end of the day is meant."""
    hour, rest = divmod(minute, 60)
    if not minute:
        return "o północy, na początku doby"
    past = f" {spell(rest, SMALL, TENS, 'sto')}" if rest else ""
    return f"o godzinie {HOURS[hour]}{past}"


def introduction(company: str) -> str:
    return f"Dzień dobry{f', tu {company}' * bool(company)}."


LANGUAGE = Language(
    code="pl",
    name="polski",
    voice="pl",
    fixed=FIXED,
    greeting=lambda company: f"{introduction(company)} Dziękujemy za telefon.",
    hello=lambda company: f"{introduction(company)} Oddzwaniamy na Państwa prośbę.",
    menu="Proszę wybrać, naciskając klawisz, lub pozostać na linii.",
    choice="Aby rozmawiać po polsku",
    way_out="Aby opuścić kolejkę",
    crisis="Wiemy o problemie i pracujemy nad jego rozwiązaniem. W tej chwili dzwoni do nas wiele osób.",
    position=lambda n: f"Są Państwo na {spell(n, PLACES, ROUND_PLACES, 'setnym')} miejscu w kolejce.",
    hundred_ahead="Przed Państwem w kolejce czeka co najmniej sto osób.",
    wait_below=lambda total: f"Szacowany czas oczekiwania to mniej niż {longest(total)}.",
    wait_above_hour="Szacowany czas oczekiwania to ponad godzina.",
    call_again=lambda total: f"Zadzwonimy ponownie za {nominative(total, 'minuta', 'minuty', 'minut')}. Do usłyszenia.",
    call_within=lambda total: f"Spodziewamy się oddzwonić w ciągu {within(total)}.",
    slot_choice_day=lambda day: f"Jeśli mamy zadzwonić {DAYS[day]}",
    call_at_day=lambda day: f"Oddzwonimy {DAYS[day]}",
    at=at,
    press=lambda key: f"proszę nacisnąć {SMALL[key]}.",
    press_star="proszę nacisnąć gwiazdkę.",
    press_hash="proszę nacisnąć krzyżyk.",
    digits=SMALL[:10],
    plus="plus",
    withheld="numer zastrzeżony",
    longest_group=3,
    long_groups_first=True,
)
