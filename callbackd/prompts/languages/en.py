"""English, in words that are at home on both sides of the Atlantic."""

from __future__ import annotations

from callbackd.domain.phrase import Fixed
from callbackd.prompts.language import Language

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SMALL = (
    *DIGITS,
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

FIXED = {
    Fixed.OFFER: "If you would rather not wait, press one at any time. "
    "You will keep your place in line, and we will call you back when it is your turn.",
    Fixed.NUMBER_IS: "We will call you on this number:",
    Fixed.CONFIRM_MENU: "If this is correct, press one. To enter a different number, press two. "
    "To keep waiting on the line, press zero.",
    Fixed.KEY_NUMBER: "Please enter your telephone number, and then press the hash key.",
    Fixed.NUMBER_REFUSED: "We are sorry, but we cannot call that number.",
    Fixed.WRONG_KEY: "Sorry, we did not understand that.",
    Fixed.KEEP_WAITING: "You have kept your place in line. Please stay on the line.",
    Fixed.NO_CALLBACK_NOW: "We are sorry, but we cannot call you back at the moment. "
    "You have kept your place in line. Please stay on the line.",
    Fixed.ALREADY_PROMISED: "You have already asked us to call this number back.",
    Fixed.ALREADY_MENU: "You already have a callback in line. To wait on the line in your place, press one. "
    "To keep the callback, press two. To cancel it, press three.",
    Fixed.CALLBACK_KEPT: "Your place in line is kept, and we will call you when it is your turn. Goodbye.",
    Fixed.CALLBACK_CANCELLED: "Your callback is cancelled. Goodbye.",
    Fixed.PROMISE: "Thank you. Your place in line is kept. When it is your turn, we will call you on this number:",
    Fixed.GOODBYE: "Thank you, and goodbye.",
    Fixed.CALLBACK_MENU: "To speak to us now, please press one. To be called later, press two.",
    Fixed.POSTPONE_MENU: "To be called in ten minutes, press one. In twenty minutes, two. And so on, up to nine.",
    Fixed.CONNECTING: "Thank you. Please hold while we connect you.",
    Fixed.CALLBACK_SORRY: "We are sorry, something has gone wrong on our side. We will call you again. Goodbye.",
    Fixed.CALLBACK_LATER: "We will try again later. Goodbye.",
    Fixed.AGENT_LOGGED_IN: "You are logged in.",
    Fixed.AGENT_LOGGED_OUT: "You are logged out.",
    Fixed.AGENT_PAUSED: "You are paused.",
    Fixed.AGENT_UNPAUSED: "You are available again.",
    Fixed.NOT_AN_AGENT: "This telephone does not belong to an agent.",
    Fixed.NOT_NOW: "That is not possible at the moment.",
}


def cardinal(n: int) -> str:
    """0 to 999 in words."""
    if n < 20:
        return SMALL[n]
    if n < 100:
        tens, one = divmod(n, 10)
        return TENS[tens] + (f"-{DIGITS[one]}" if one else "")
    hundreds, rest = divmod(n, 100)
    return f"{DIGITS[hundreds]} hundred" + (f" and {cardinal(rest)}" if rest else "")


def duration(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return "a minute" if rest == 1 else f"{cardinal(rest)} minutes"
    if hours == 1:
        return "an hour and a half" if rest else "an hour"
    return f"{cardinal(hours)} {'and a half ' if rest else ''}hours"


def greeting(company: str) -> str:
    return f"Hello, and thank you for calling{f' {company}' * bool(company)}."


def hello(company: str) -> str:
    return f"Hello, {f'this is {company}, ' * bool(company)}with the call that you asked us for."


LANGUAGE = Language(
    code="en",
    name="English",
    voice="en-gb",
    fixed=FIXED,
    greeting=greeting,
    hello=hello,
    position=lambda n: "You are next in line." if n == 1 else f"You are number {cardinal(n)} in line.",
    hundred_ahead="There are at least one hundred callers ahead of you.",
    wait_below=lambda minutes: f"Your estimated wait is less than {duration(minutes)}.",
    wait_above_hour="Your estimated wait is more than an hour.",
    call_within=lambda minutes: f"We expect to call you within {duration(minutes)}.",
    call_again=lambda minutes: f"We will call you again in {cardinal(minutes)} minutes. Goodbye.",
    digits=DIGITS,
    plus="plus",
    longest_group=5,
)
