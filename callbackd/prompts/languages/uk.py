# ruff: noqa: RUF001  (Cyrillic letters that look like Latin ones are the point; a test refuses Latin ones)
"""Ukrainian. Minutes and hours are both feminine; "менше ніж" takes the accusative here, "протягом" the genitive."""

from __future__ import annotations

from callbackd.domain.phrase import Fixed
from callbackd.prompts.language import Language, few, like_one, spell

SMALL = (
    *("нуль", "один", "два", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"),
    *("десять", "одинадцять", "дванадцять", "тринадцять", "чотирнадцять"),
    *("п'ятнадцять", "шістнадцять", "сімнадцять", "вісімнадцять", "дев'ятнадцять"),
)
ACCUSATIVE = ("нуль", "одну", "дві", *SMALL[3:])
GENITIVE = (
    *("нуля", "однієї", "двох", "трьох", "чотирьох", "п'яти", "шести", "семи", "восьми", "дев'яти"),
    *("десяти", "одинадцяти", "дванадцяти", "тринадцяти", "чотирнадцяти"),
    *("п'ятнадцяти", "шістнадцяти", "сімнадцяти", "вісімнадцяти", "дев'ятнадцяти"),
)
TENS = (
    *("", "", "двадцять", "тридцять", "сорок"),
    *("п'ятдесят", "шістдесят", "сімдесят", "вісімдесят", "дев'яносто"),
)
TENS_GENITIVE = (
    *("", "", "двадцяти", "тридцяти", "сорока"),
    *("п'ятдесяти", "шістдесяти", "сімдесяти", "вісімдесяти", "дев'яноста"),
)
PLACES = (
    *("", "першому", "другому", "третьому", "четвертому"),
    *("п'ятому", "шостому", "сьомому", "восьмому", "дев'ятому"),
    *("десятому", "одинадцятому", "дванадцятому", "тринадцятому", "чотирнадцятому"),
    *("п'ятнадцятому", "шістнадцятому", "сімнадцятому", "вісімнадцятому", "дев'ятнадцятому"),
)
"""Ordinals in the locative."""
ROUND_PLACES = (
    *("", "", "двадцятому", "тридцятому", "сороковому"),
    *("п'ятдесятому", "шістдесятому", "сімдесятому", "вісімдесятому", "дев'яностому", "сотому"),
)

FIXED = {
    Fixed.OFFER: "Якщо ви не бажаєте чекати, будь-якої миті натисніть один. "
    "Ваше місце в черзі збережеться, і ми зателефонуємо вам, коли настане ваша черга.",
    Fixed.NUMBER_IS: "Ми зателефонуємо вам на такий номер:",
    Fixed.CONFIRM_MENU: "Якщо номер правильний, натисніть один. Щоб ввести інший номер, натисніть два. "
    "Щоб і далі чекати на лінії, натисніть нуль.",
    Fixed.KEY_NUMBER: "Введіть свій номер телефону, а потім натисніть решітку.",
    Fixed.NUMBER_REFUSED: "На жаль, ми не можемо зателефонувати на цей номер.",
    Fixed.WRONG_KEY: "Вибачте, ми не зрозуміли вашого вибору.",
    Fixed.KEEP_WAITING: "Ваше місце в черзі збережено. Будь ласка, залишайтеся на лінії.",
    Fixed.NO_CALLBACK_NOW: "На жаль, зараз ми не можемо прийняти запит на зворотний дзвінок. "
    "Ваше місце в черзі збережено. Будь ласка, залишайтеся на лінії.",
    Fixed.ALREADY_PROMISED: "Ви вже просили зателефонувати на цей номер.",
    Fixed.ALREADY_MENU: "Ви вже маєте місце в черзі на зворотний дзвінок. Щоб чекати на лінії на своєму місці, "
    "натисніть один. Щоб залишити зворотний дзвінок, натисніть два. Щоб скасувати його, натисніть три.",
    Fixed.CALLBACK_KEPT: "Ваше місце в черзі збережено, ми зателефонуємо, коли надійде ваша черга. До побачення.",
    Fixed.CALLBACK_CANCELLED: "Зворотний дзвінок скасовано. До побачення.",
    Fixed.PROMISE: "Дякуємо. Ваше місце в черзі збережено. "
    "Коли настане ваша черга, ми зателефонуємо вам на такий номер:",
    Fixed.GOODBYE: "Дякуємо, до побачення.",
    Fixed.CALLBACK_MENU: "Щоб поговорити з нами зараз, натисніть один. Щоб ми зателефонували пізніше, натисніть два.",
    Fixed.POSTPONE_MENU: "Щоб ми зателефонували через десять хвилин, натисніть один. "
    "Через двадцять хвилин натисніть два, і так далі до дев'яти.",
    Fixed.CONNECTING: "Дякуємо. Зачекайте, будь ласка, ми вас з'єднуємо.",
    Fixed.CALLBACK_SORRY: "Перепрошуємо, з нашого боку сталася помилка. Ми зателефонуємо вам ще раз. До побачення.",
    Fixed.CALLBACK_LATER: "Ми спробуємо зателефонувати пізніше. До побачення.",
    Fixed.AGENT_LOGGED_IN: "Ви увійшли в систему.",
    Fixed.AGENT_LOGGED_OUT: "Ви вийшли із системи.",
    Fixed.AGENT_PAUSED: "Ви на паузі.",
    Fixed.AGENT_UNPAUSED: "Ви знову доступні.",
    Fixed.NOT_AN_AGENT: "Цей телефон не належить жодному оператору.",
    Fixed.NOT_NOW: "Зараз це неможливо.",
}


def accusative(n: int, one: str, some: str, many: str) -> str:
    """Одну хвилину, дві хвилини, п'ять хвилин."""
    noun = one if like_one(n) else some if few(n) else many
    return f"{spell(n, ACCUSATIVE, TENS, 'сто')} {noun}"


def genitive(n: int, one: str, many: str) -> str:
    """Однієї хвилини, двох хвилин, двадцяти однієї хвилини."""
    return f"{spell(n, GENITIVE, TENS_GENITIVE, 'ста')} {one if like_one(n) else many}"


def longest(total: int) -> str:
    """A duration in the accusative."""
    whole, rest = divmod(total, 60)
    match whole, rest:
        case 0, 1:
            return "хвилину"
        case 0, _:
            return accusative(rest, "хвилину", "хвилини", "хвилин")
        case 1, _:
            return "півтори години" if rest else "годину"
    half = "з половиною " * bool(rest)
    return accusative(whole, f"{half}годину", f"{half}години", f"{half}годин")


def within(total: int) -> str:
    """A duration in the genitive."""
    whole, rest = divmod(total, 60)
    match whole, rest:
        case 0, 1:
            return "хвилини"
        case 0, _:
            return genitive(rest, "хвилини", "хвилин")
        case 1, _:
            return "півтори години" if rest else "години"
    half = "з половиною " * bool(rest)
    return genitive(whole, f"{half}години", f"{half}годин")


def place(n: int) -> str:
    """1 to 100 as an ordinal, locative; only the last word is one: двадцять першому."""
    if n < 20:
        return PLACES[n]
    tens, one = divmod(n, 10)
    return f"{TENS[tens]} {PLACES[one]}" if one else ROUND_PLACES[tens]


LANGUAGE = Language(
    code="uk",
    name="українська",
    voice="uk",
    fixed=FIXED,
    greeting=lambda company: f"Добрий день{f', вас вітає {company}' * bool(company)}. Дякуємо за дзвінок.",
    hello=lambda company: f"Добрий день{f', це {company}' * bool(company)}. Ви просили вам зателефонувати.",
    position=lambda n: f"Ви на {place(n)} місці в черзі.",
    hundred_ahead="Перед вами в черзі щонайменше сто осіб.",
    wait_below=lambda total: f"Орієнтовно вам доведеться чекати менше ніж {longest(total)}.",
    wait_above_hour="Орієнтовно вам доведеться чекати понад годину.",
    call_again=lambda total: (
        f"Ми зателефонуємо вам знову через {accusative(total, 'хвилину', 'хвилини', 'хвилин')}. До побачення."
    ),
    call_within=lambda total: f"Плануємо зателефонувати вам протягом {within(total)}.",
    digits=SMALL[:10],
    plus="плюс",
    longest_group=3,
    long_groups_first=True,
)
