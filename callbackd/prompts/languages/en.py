"""English, in words that are at home on both sides of the Atlantic."""

from __future__ import annotations

from callbackd.domain.phrase import Day, Fixed
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
    Fixed.OFFER_BOTH: "If you would rather not wait, press one at any time. "
    "You will keep your place in line, and we will call you back when it is your turn. "
    "To choose a time at which we call you, press two.",
    Fixed.OFFER_TIME: "If you would rather not wait, press two at any time, and choose when we should call you back.",
    Fixed.CLOSED: "We are closed at the moment.",
    Fixed.HOLIDAY: "We are closed today for the holiday.",
    Fixed.FULL: "More people are waiting at the moment than we can serve in good time.",
    Fixed.NOBODY_HERE: "We are sorry, but nobody can take your call at the moment.",
    Fixed.LONG_WAIT: "We are sorry. You have been waiting for longer than you should.",
    Fixed.CLOSING: "We are closing for today.",
    Fixed.SLOT_INTRO: "We can call you back at a time that suits you.",
    Fixed.SLOT_OTHER: "For another time, press nine.",
    Fixed.SLOT_STAY: "To keep waiting on the line, press zero.",
    Fixed.KEY_TIME: "Please enter the time in four digits of the twenty-four-hour clock. "
    "For half past three in the afternoon, for example, enter one, five, three, zero.",
    Fixed.KEY_DAY: "For a call today, press zero. For tomorrow, one. For the day after tomorrow, two. "
    "And so on, up to seven for a week from today.",
    Fixed.TIME_REFUSED: "We are sorry, but we cannot call you at that time.",
    Fixed.NO_TIME_FREE: "We are sorry, but there is no free time for a callback at the moment.",
    Fixed.NUMBER_IS: "We will call you on this number:",
    Fixed.CONFIRM_MENU: "If this is correct, press one. To enter a different number, press two. "
    "To keep waiting on the line, press zero.",
    Fixed.KEY_NUMBER: "Please enter your telephone number, and then press the hash key.",
    Fixed.NUMBER_REFUSED: "We are sorry, but we cannot call that number.",
    Fixed.WRONG_KEY: "Sorry, we did not understand that.",
    Fixed.KEEP_WAITING: "You have kept your place in line. Please stay on the line.",
    Fixed.NO_CALLBACK_NOW: "We are sorry, but we cannot call you back at the moment. "
    "You have kept your place in line. Please stay on the line.",
    Fixed.TOO_MANY_CALLBACKS: "We have received several callback requests already. "
    "We are sorry, but we cannot take another one now.",
    Fixed.ALREADY_PROMISED: "You have already asked us to call this number back.",
    Fixed.ALREADY_MENU: "You already have a callback in line. To wait on the line in your place, press one. "
    "To keep the callback, press two. If you hang up, we will still call you: "
    "then you can put it off or cancel it.",
    Fixed.ALREADY_MENU_ALL: "You already have a callback in line. To wait on the line in your place, press one. "
    "To keep the callback, press two. To cancel it, press three. To choose another time, press four.",
    Fixed.CALLBACK_KEPT: "We will call you as promised. Goodbye.",
    Fixed.CALLBACK_CANCELLED: "Your callback is cancelled. Goodbye.",
    Fixed.PROMISE: "Thank you. Your place in line is kept. When it is your turn, we will call you on this number:",
    Fixed.GOODBYE: "Thank you, and goodbye.",
    Fixed.CALLBACK_MENU: "To speak to us now, please press one. To be called later, press two. "
    "If you no longer need this call, press three. If you do not want us to call this number again, press nine.",
    Fixed.NEVER_AGAIN: "We will not call this number again. Goodbye.",
    Fixed.POSTPONE_MENU: "To be called in ten minutes, press one. In twenty minutes, two. And so on, up to nine.",
    Fixed.CONNECTING: "Thank you. Please hold while we connect you.",
    Fixed.CALLBACK_SORRY: "We are sorry, something has gone wrong on our side. We will call you again. Goodbye.",
    Fixed.CUT_OFF_BEFORE: "We are sorry: our last call to you was cut off.",
    Fixed.AGENT_LOST: "We are sorry, the connection failed. You are next in line.",
    Fixed.CALLBACK_LATER: "We will try again later. Goodbye.",
    Fixed.AGENT_LOGGED_IN: "You are logged in.",
    Fixed.AGENT_LOGGED_OUT: "You are logged out.",
    Fixed.AGENT_PAUSED: "You are paused.",
    Fixed.AGENT_BACK_WHEN: "Please enter the minutes until you are back, and then press the hash key.",
    Fixed.AGENT_BACK_NOTED: "Thank you. We expect you back by then.",
    Fixed.AGENT_MISSED: "You were paused, because calls to you were not answered.",
    Fixed.AGENT_UNPAUSED: "You are available again.",
    Fixed.AGENT_ACCEPT: "There is a call for you. To take it, press one.",
    Fixed.AGENT_WRAP_UP_LONGER: "Your wrap-up time has been extended.",
    Fixed.AGENT_READY: "Your wrap-up time is over.",
    Fixed.AGENT_CALLED_IN: "You have been called in from the reserve.",
    Fixed.AGENT_SENT_HOME: "You are in reserve again.",
    Fixed.NOT_AN_AGENT: "This telephone does not belong to an agent.",
    Fixed.NOT_NOW: "That is not possible at the moment.",
}


DAYS = {
    Day.TODAY: "today",
    Day.TOMORROW: "tomorrow",
    Day.MONDAY: "on Monday",
    Day.TUESDAY: "on Tuesday",
    Day.WEDNESDAY: "on Wednesday",
    Day.THURSDAY: "on Thursday",
    Day.FRIDAY: "on Friday",
    Day.SATURDAY: "on Saturday",
    Day.SUNDAY: "on Sunday",
    Day.IN_A_WEEK: "a week from today",
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


def at(minute: int) -> str:
    """The twelve hours and their part of the day."""
    hour, rest = divmod(minute, 60)
    if not rest and hour % 12 == 0:
        return "at noon" if hour else "at midnight, as the day begins"
    part = "in the morning" if hour < 12 else "in the afternoon" if hour < 18 else "in the evening"
    past = cardinal(rest) if rest else "o'clock"
    return f"at {cardinal((hour - 1) % 12 + 1)} {past} {part if hour < 22 else 'at night'}"


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
    menu="Please choose by pressing a key, or stay on the line.",
    choice="For English",
    way_out="To leave the line",
    crisis="We know of a problem, and we are working on it. Many people are calling us at the moment.",
    position=lambda n: "You are next in line." if n == 1 else f"You are number {cardinal(n)} in line.",
    hundred_ahead="There are at least one hundred callers ahead of you.",
    wait_below=lambda minutes: f"Your estimated wait is less than {duration(minutes)}.",
    wait_above_hour="Your estimated wait is more than an hour.",
    call_within=lambda minutes: f"We expect to call you within {duration(minutes)}.",
    call_again=lambda minutes: f"We will call you again in {cardinal(minutes)} minutes. Goodbye.",
    slot_choice_day=lambda day: f"For a call {DAYS[day]}",
    call_at_day=lambda day: f"We will call you {DAYS[day]}",
    at=at,
    press=lambda key: f"press {DIGITS[key]}.",
    press_star="press the star key.",
    press_hash="press the hash key.",
    digits=DIGITS,
    plus="plus",
    withheld="anonymous",
    longest_group=5,
)
