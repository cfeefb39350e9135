"""Hungarian. A counted noun stays singular; two is "két" before a noun and "kettő" alone, as in a telephone number."""

from __future__ import annotations

from callbackd.domain.phrase import Day, Fixed
from callbackd.prompts.language import Language

DIGITS = ("nulla", "egy", "kettő", "három", "négy", "öt", "hat", "hét", "nyolc", "kilenc")
TENS = ("", "tíz", "húsz", "harminc", "negyven", "ötven", "hatvan", "hetven", "nyolcvan", "kilencven")
TENS_JOINED = ("", "tizen", "huszon", *TENS[3:])
ORDINALS = (
    "",
    "egyedik",
    "kettedik",
    "harmadik",
    "negyedik",
    "ötödik",
    "hatodik",
    "hetedik",
    "nyolcadik",
    "kilencedik",
)
TENTHS = (
    *("", "tizedik", "huszadik", "harmincadik", "negyvenedik"),
    *("ötvenedik", "hatvanadik", "hetvenedik", "nyolcvanadik", "kilencvenedik", "századik"),
)

FIXED = {
    Fixed.OFFER: "Ha nem szeretne várakozni, bármikor nyomja meg az egyes gombot. "
    "Megőrizzük a helyét a sorban, és visszahívjuk, amikor Ön következik.",
    Fixed.OFFER_BOTH: "Ha nem szeretne várakozni, bármikor nyomja meg az egyes gombot. "
    "Megőrizzük a helyét a sorban, és visszahívjuk, amikor Ön következik. "
    "Ha inkább időpontot választ a visszahívásra, nyomja meg a kettes gombot.",
    Fixed.OFFER_TIME: "Ha nem szeretne várakozni, bármikor nyomja meg a kettes gombot, "
    "és válasszon időpontot a visszahívásra.",
    Fixed.CLOSED: "Jelenleg zárva vagyunk.",
    Fixed.HOLIDAY: "Ma az ünnep miatt zárva vagyunk.",
    Fixed.FULL: "Jelenleg többen várakoznak, mint ahány hívást belátható időn belül fogadni tudunk.",
    Fixed.NOBODY_HERE: "Sajnos jelenleg senki sem tudja fogadni a hívását.",
    Fixed.LONG_WAIT: "Elnézést kérünk, hogy a kelleténél tovább várakozik.",
    Fixed.CLOSING: "Mára befejezzük a hívások fogadását.",
    Fixed.SLOT_INTRO: "Vissza tudjuk hívni az Önnek megfelelő időpontban.",
    Fixed.SLOT_OTHER: "Ha másik időpontot választ, nyomja meg a kilences gombot.",
    Fixed.SLOT_STAY: "Ha inkább vonalban marad, nyomja meg a nullás gombot.",
    Fixed.KEY_TIME: "Kérjük, adja meg az időpontot négy számjeggyel, "
    "például tizenöt óra harminc perchez: egy, öt, három, nulla.",
    Fixed.KEY_DAY: "Ha ma hívjuk vissza, nyomja meg a nullás gombot. Ha holnap, az egyest. Ha holnapután, a kettest. "
    "És így tovább a hetesig, amely mához egy hetet jelent.",
    Fixed.TIME_REFUSED: "Sajnos abban az időpontban nem tudjuk visszahívni.",
    Fixed.NO_TIME_FREE: "Sajnos jelenleg nincs szabad időpont visszahívásra.",
    Fixed.NUMBER_IS: "Ezen a számon hívjuk vissza:",
    Fixed.CONFIRM_MENU: "Ha a szám helyes, nyomja meg az egyes gombot. "
    "Másik szám megadásához nyomja meg a kettes gombot. "
    "Ha inkább vonalban marad, nyomja meg a nullás gombot.",
    Fixed.KEY_NUMBER: "Kérjük, adja meg a telefonszámát, majd nyomja meg a kettőskereszt gombot.",
    Fixed.NUMBER_REFUSED: "Sajnos ezt a számot nem tudjuk felhívni.",
    Fixed.WRONG_KEY: "Elnézést, ezt nem értettük.",
    Fixed.KEEP_WAITING: "Megőriztük a helyét a sorban. Kérjük, maradjon vonalban.",
    Fixed.NO_CALLBACK_NOW: "Sajnos jelenleg nem tudunk visszahívást vállalni. "
    "Megőriztük a helyét a sorban. Kérjük, maradjon vonalban.",
    Fixed.TOO_MANY_CALLBACKS: "Már több visszahívási kérés érkezett hozzánk. Sajnos most nem tudunk újabbat fogadni.",
    Fixed.ALREADY_PROMISED: "Erre a számra már kért visszahívást.",
    Fixed.ALREADY_MENU: "Önnek már van helye a visszahívásra várók között. Ha a helyén, vonalban szeretne várni, "
    "nyomja meg az egyes gombot. Ha megtartja a visszahívást, a kettest. "
    "Ha leteszi, akkor is visszahívjuk, és akkor elhalaszthatja vagy lemondhatja.",
    Fixed.ALREADY_MENU_ALL: "Önnek már van helye a visszahívásra várók között. Ha a helyén, vonalban szeretne várni, "
    "nyomja meg az egyes gombot. Ha megtartja a visszahívást, a kettest. Ha lemondja, a hármast. "
    "Ha másik időpontot választ, a négyest.",
    Fixed.CALLBACK_KEPT: "Ígéretünknek megfelelően visszahívjuk. Viszonthallásra.",
    Fixed.CALLBACK_CANCELLED: "A visszahívást töröltük. Viszonthallásra.",
    Fixed.PROMISE: "Köszönjük. Megőriztük a helyét a sorban. Amikor Ön következik, ezen a számon hívjuk vissza:",
    Fixed.GOODBYE: "Köszönjük, viszonthallásra.",
    Fixed.CALLBACK_MENU: "Ha most szeretne beszélni velünk, nyomja meg az egyes gombot. Ha később hívjuk, a kettest. "
    "Ha már nincs szüksége erre a hívásra, a hármast. "
    "Ha azt szeretné, hogy ezen a számon többé ne hívjuk, a kilencest.",
    Fixed.NEVER_AGAIN: "Ezt a számot többé nem hívjuk. Viszonthallásra.",
    Fixed.POSTPONE_MENU: "Ha tíz perc múlva hívjuk, nyomja meg az egyes gombot. "
    "Ha húsz perc múlva, a kettest, és így tovább a kilencesig.",
    Fixed.CONNECTING: "Köszönjük. Kérjük, tartsa a vonalat, kapcsoljuk kollégánkat.",
    Fixed.CALLBACK_SORRY: "Elnézést kérünk, nálunk hiba történt. Újra fel fogjuk hívni. Viszonthallásra.",
    Fixed.CUT_OFF_BEFORE: "Elnézést kérünk: az előző hívásunk megszakadt.",
    Fixed.AGENT_LOST: "Elnézést kérünk, a kapcsolás nem sikerült. Ön következik.",
    Fixed.CALLBACK_LATER: "Később újra próbáljuk. Viszonthallásra.",
    Fixed.AGENT_LOGGED_IN: "Ön bejelentkezett.",
    Fixed.AGENT_LOGGED_OUT: "Ön kijelentkezett.",
    Fixed.AGENT_PAUSED: "Ön szüneten van.",
    Fixed.AGENT_BACK_WHEN: "Kérjük, adja meg, hány perc múlva jön vissza, majd nyomja meg a kettőskereszt gombot.",
    Fixed.AGENT_BACK_NOTED: "Köszönjük. Addigra visszavárjuk.",
    Fixed.AGENT_MISSED: "Ön szüneten volt, mert nem fogadta a hívásokat.",
    Fixed.AGENT_UNPAUSED: "Ön ismét elérhető.",
    Fixed.AGENT_ACCEPT: "Hívása érkezett. Fogadásához nyomja meg az egyes gombot.",
    Fixed.AGENT_WRAP_UP_LONGER: "Az utómunka idejét meghosszabbítottuk.",
    Fixed.AGENT_READY: "Az utómunka véget ért.",
    Fixed.AGENT_CALLED_IN: "Önt behívtuk a tartalékból.",
    Fixed.AGENT_SENT_HOME: "Ön ismét tartalékban van.",
    Fixed.NOT_AN_AGENT: "Ez a telefon egyetlen ügyintézőhöz sem tartozik.",
    Fixed.NOT_NOW: "Ez most nem lehetséges.",
}


DAYS = {
    Day.TODAY: "ma",
    Day.TOMORROW: "holnap",
    Day.MONDAY: "hétfőn",
    Day.TUESDAY: "kedden",
    Day.WEDNESDAY: "szerdán",
    Day.THURSDAY: "csütörtökön",
    Day.FRIDAY: "pénteken",
    Day.SATURDAY: "szombaton",
    Day.SUNDAY: "vasárnap",
    Day.IN_A_WEEK: "mához egy hétre",
}

KEYS = (
    "a nullás",
    "az egyes",
    "a kettes",
    "a hármas",
    "a négyes",
    "az ötös",
    "a hatos",
    "a hetes",
    "a nyolcas",
    "a kilences",
)


def counting(n: int) -> str:
    """0 to 199 as it stands before a noun: két, huszonkét, százegy."""
    if n >= 100:
        return "száz" + (counting(n - 100) if n > 100 else "")
    tens, one = divmod(n, 10)
    if tens and not one:
        return TENS[tens]
    return TENS_JOINED[tens] + ("két" if one == 2 else DIGITS[one])


def ordinal(n: int) -> str:
    """1 to 100; the first two are words of their own: első, második, but huszonegyedik, huszonkettedik."""
    if n <= 2:
        return ("első", "második")[n - 1]
    tens, one = divmod(n, 10)
    return TENS_JOINED[tens] + ORDINALS[one] if one else TENTHS[tens]


def position(n: int) -> str:
    word = ordinal(n)
    return f"Ön {'az' if word[0] in 'eö' else 'a'} {word} a sorban."


def duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{counting(rest)} perc"
    if hours == 1 and rest:
        return "másfél óra"
    return f"{counting(hours)}{' és fél' * bool(rest)} óra"


def within(minutes: int) -> str:
    """The duration with "on": öt percen, két órán."""
    span = duration(minutes)
    return f"{span}en" if span.endswith("perc") else f"{span.removesuffix('a')}án"


def at(minute: int) -> str:
    """As a timetable is read out: "fél négy" would leave open which half of the day is meant."""
    hour, rest = divmod(minute, 60)
    return f"{counting(hour)} óra {counting(rest)} perckor" if rest else f"{counting(hour)} órakor"


def introduction(company: str) -> str:
    # "Ügyfélszolgálat" (customer service) after the name spares its article, which hangs on how the name is pronounced.
    return f"Jó napot kívánunk{f', {company} ügyfélszolgálat' * bool(company)}."


LANGUAGE = Language(
    code="hu",
    name="magyar",
    voice="hu",
    fixed=FIXED,
    greeting=lambda company: f"{introduction(company)} Köszönjük a hívását.",
    hello=lambda company: f"{introduction(company)} Az Ön által kért visszahívással jelentkezünk.",
    menu="Kérjük, válasszon egy gomb megnyomásával, vagy maradjon vonalban.",
    choice="Ha magyarul folytatná",
    way_out="Ha ki szeretne lépni a várakozási sorból",
    crisis="Tudunk a hibáról, és dolgozunk az elhárításán. Jelenleg sokan hívnak bennünket.",
    position=position,
    hundred_ahead="Ön előtt legalább százan várakoznak.",
    wait_below=lambda minutes: f"A várható várakozási idő kevesebb mint {duration(minutes)}.",
    wait_above_hour="A várható várakozási idő több mint egy óra.",
    call_again=lambda minutes: f"{counting(minutes).capitalize()} perc múlva újra hívjuk. Viszonthallásra.",
    call_within=lambda minutes: f"Várhatóan {within(minutes)} belül visszahívjuk.",
    slot_choice_day=lambda day: f"Ha visszahívhatjuk {DAYS[day]}",
    call_at_day=lambda day: f"Visszahívjuk {DAYS[day]}",
    at=at,
    press=lambda key: f"nyomja meg {KEYS[key]} gombot.",
    press_star="nyomja meg a csillag gombot.",
    press_hash="nyomja meg a kettőskereszt gombot.",
    digits=DIGITS,
    plus="plusz",
    withheld="rejtett szám",
)
