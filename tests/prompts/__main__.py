"""Prints a language's table."""

import sys

from callbackd.prompts.languages import LANGUAGES
from tests.prompts import spoken

for name, text in spoken(LANGUAGES[sys.argv[1]]).items():
    print(f"{name} | {text}")
