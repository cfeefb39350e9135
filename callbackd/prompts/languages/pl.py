"""Polish. Minutes and hours are both feminine; "mniej niż" takes the nominative, "w ciągu" the genitive.

Unlike its neighbours, Polish counts 21 like 25: "dwadzieścia jeden minut".
"""

from __future__ import annotations

from callbackd.domain.phrase import Fixed
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
    Fixed.ALREADY_PROMISED: "Prośba o oddzwonienie na ten numer została już przyjęta.",
    Fixed.ALREADY_MENU: "Państwa miejsce w kolejce na oddzwonienie już czeka. Aby czekać na linii na swoim miejscu, "
    "proszę nacisnąć jeden. Aby zachować oddzwonienie, proszę nacisnąć dwa. Aby je odwołać, proszę nacisnąć trzy.",
    Fixed.CALLBACK_KEPT: "Państwa miejsce w kolejce jest zachowane. Oddzwonimy, gdy przyjdzie kolej. Do usłyszenia.",
    Fixed.CALLBACK_CANCELLED: "Oddzwonienie zostało odwołane. Do usłyszenia.",
    Fixed.PROMISE: "Dziękujemy. Państwa miejsce w kolejce jest zachowane. "
    "Gdy nadejdzie Państwa kolej, oddzwonimy na numer:",
    Fixed.GOODBYE: "Dziękujemy, do usłyszenia.",
    Fixed.CALLBACK_MENU: "Aby porozmawiać z nami teraz, proszę nacisnąć jeden. "
    "Aby odebrać telefon później, proszę nacisnąć dwa.",
    Fixed.POSTPONE_MENU: "Jeśli mamy zadzwonić za dziesięć minut, proszę nacisnąć jeden. "
    "Za dwadzieścia minut dwa, i tak dalej do dziewięciu.",
    Fixed.CONNECTING: "Dziękujemy. Proszę czekać, łączymy.",
    Fixed.CALLBACK_SORRY: "Przepraszamy, po naszej stronie wystąpił błąd. Zadzwonimy ponownie. Do usłyszenia.",
    Fixed.CALLBACK_LATER: "Spróbujemy zadzwonić później. Do usłyszenia.",
    Fixed.AGENT_LOGGED_IN: "Zalogowano.",
    Fixed.AGENT_LOGGED_OUT: "Wylogowano.",
    Fixed.AGENT_PAUSED: "Przerwa rozpoczęta.",
    Fixed.AGENT_UNPAUSED: "Przerwa zakończona.",
    Fixed.NOT_AN_AGENT: "Ten telefon nie należy do żadnego konsultanta.",
    Fixed.NOT_NOW: "W tej chwili to niemożliwe.",
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


def introduction(company: str) -> str:
    return f"Dzień dobry{f', tu {company}' * bool(company)}."


LANGUAGE = Language(
    code="pl",
    name="polski",
    voice="pl",
    fixed=FIXED,
    greeting=lambda company: f"{introduction(company)} Dziękujemy za telefon.",
    hello=lambda company: f"{introduction(company)} Oddzwaniamy na Państwa prośbę.",
    position=lambda n: f"Są Państwo na {spell(n, PLACES, ROUND_PLACES, 'setnym')} miejscu w kolejce.",
    hundred_ahead="Przed Państwem w kolejce czeka co najmniej sto osób.",
    wait_below=lambda total: f"Szacowany czas oczekiwania to mniej niż {longest(total)}.",
    wait_above_hour="Szacowany czas oczekiwania to ponad godzina.",
    call_again=lambda total: f"Zadzwonimy ponownie za {nominative(total, 'minuta', 'minuty', 'minut')}. Do usłyszenia.",
    call_within=lambda total: f"Spodziewamy się oddzwonić w ciągu {within(total)}.",
    digits=SMALL[:10],
    plus="plus",
    longest_group=3,
    long_groups_first=True,
)
