"""Croatian. The sentences ask for durations in the accusative: dva, tri and četiri are hardly declined in speech, and
"najviše" and "najkasnije za" spare the listener the choice between "dvije" and "dviju"."""

from __future__ import annotations

from callbackd.domain.phrase import Day, Fixed
from callbackd.prompts.language import Language, few, like_one, spell

SMALL = (
    *("nula", "jedan", "dva", "tri", "četiri", "pet", "šest", "sedam", "osam", "devet"),
    *("deset", "jedanaest", "dvanaest", "trinaest", "četrnaest"),
    *("petnaest", "šesnaest", "sedamnaest", "osamnaest", "devetnaest"),
)
SMALL_FEMININE = ("nula", "jednu", "dvije", *SMALL[3:])
TENS = (
    *("", "", "dvadeset", "trideset", "četrdeset"),
    *("pedeset", "šezdeset", "sedamdeset", "osamdeset", "devedeset"),
)
PLACES = ("", "prvom", "drugom", "trećem", "četvrtom", "petom", "šestom", "sedmom", "osmom", "devetom")
"""Ordinals in the locative; above nine they are the cardinal and "om"."""

FIXED = {
    Fixed.OFFER: "Ako ne želite čekati, u bilo kojem trenutku pritisnite tipku jedan. "
    "Zadržat ćete svoje mjesto u redu, a mi ćemo vas nazvati kad dođete na red.",
    Fixed.OFFER_BOTH: "Ako ne želite čekati, u bilo kojem trenutku pritisnite tipku jedan. "
    "Zadržat ćete svoje mjesto u redu, a mi ćemo vas nazvati kad dođete na red. "
    "Ako želite odabrati vrijeme u koje ćemo vas nazvati, pritisnite tipku dva.",
    Fixed.OFFER_TIME: "Ako ne želite čekati, u bilo kojem trenutku pritisnite tipku dva "
    "i odaberite vrijeme u koje ćemo vas nazvati.",
    Fixed.CLOSED: "Trenutačno ne radimo.",
    Fixed.HOLIDAY: "Danas zbog blagdana ne radimo.",
    Fixed.FULL: "Trenutačno čeka više ljudi nego što ih možemo poslužiti u razumnom roku.",
    Fixed.NOBODY_HERE: "Nažalost, trenutačno se nitko ne može javiti na vaš poziv.",
    Fixed.LONG_WAIT: "Ispričavamo se, čekate dulje nego što biste trebali.",
    Fixed.CLOSING: "Za danas završavamo s radom.",
    Fixed.SLOT_INTRO: "Možemo vas nazvati u vrijeme koje vam odgovara.",
    Fixed.SLOT_OTHER: "Za neko drugo vrijeme pritisnite tipku devet.",
    Fixed.SLOT_STAY: "Ako želite ostati na liniji i čekati, pritisnite tipku nula.",
    Fixed.KEY_TIME: "Unesite vrijeme s četiri znamenke, na primjer jedan, pet, tri, nula "
    "za petnaest sati i trideset minuta.",
    Fixed.KEY_DAY: "Za poziv danas pritisnite tipku nula. Za sutra tipku jedan. Za prekosutra tipku dva. "
    "I tako dalje do tipke sedam, koja znači točno za tjedan dana.",
    Fixed.TIME_REFUSED: "Nažalost, u to vas vrijeme ne možemo nazvati.",
    Fixed.NO_TIME_FREE: "Nažalost, trenutačno nema slobodnog termina za povratni poziv.",
    Fixed.NUMBER_IS: "Nazvat ćemo vas na ovaj broj:",
    Fixed.CONFIRM_MENU: "Ako je broj točan, pritisnite tipku jedan. Za unos drugog broja pritisnite tipku dva. "
    "Ako želite ostati na liniji i čekati, pritisnite tipku nula.",
    Fixed.KEY_NUMBER: "Unesite svoj telefonski broj, a zatim pritisnite tipku ljestve.",
    Fixed.NUMBER_REFUSED: "Nažalost, taj broj ne možemo nazvati.",
    Fixed.WRONG_KEY: "Oprostite, nismo razumjeli vaš odabir.",
    Fixed.KEEP_WAITING: "Zadržali ste svoje mjesto u redu. Molimo ostanite na liniji.",
    Fixed.NO_CALLBACK_NOW: "Nažalost, trenutačno ne možemo primiti zahtjev za povratni poziv. "
    "Zadržali ste svoje mjesto u redu. Molimo ostanite na liniji.",
    Fixed.TOO_MANY_CALLBACKS: "Već smo primili nekoliko zahtjeva za povratni poziv. "
    "Nažalost, sada ne možemo primiti još jedan.",
    Fixed.ALREADY_PROMISED: "Već ste zatražili povratni poziv na ovaj broj.",
    Fixed.ALREADY_MENU: "Već imate mjesto u redu za povratni poziv. Za čekanje na liniji na svom mjestu pritisnite "
    "tipku jedan. Ako želite zadržati povratni poziv, tipku dva. "
    "Ako prekinete, ipak ćemo vas nazvati: tada ga možete odgoditi ili otkazati.",
    Fixed.ALREADY_MENU_ALL: "Već imate mjesto u redu za povratni poziv. Za čekanje na liniji na svom mjestu pritisnite "
    "tipku jedan. Ako želite zadržati povratni poziv, tipku dva. Za otkazivanje tipku tri. "
    "Za odabir drugog vremena tipku četiri.",
    Fixed.CALLBACK_KEPT: "Nazvat ćemo vas kako smo obećali. Doviđenja.",
    Fixed.CALLBACK_CANCELLED: "Povratni poziv je otkazan. Doviđenja.",
    Fixed.PROMISE: "Hvala. Vaše je mjesto u redu sačuvano. Kad dođete na red, nazvat ćemo vas na ovaj broj:",
    Fixed.GOODBYE: "Hvala i doviđenja.",
    Fixed.CALLBACK_MENU: "Za razgovor s nama pritisnite tipku jedan. Ako želite da nazovemo kasnije, tipku dva. "
    "Ako vam ovaj poziv više ne treba, tipku tri. Ako više nikada ne želite naše pozive na ovaj broj, tipku devet.",
    Fixed.NEVER_AGAIN: "Više nećemo zvati ovaj broj. Doviđenja.",
    Fixed.POSTPONE_MENU: "Da vas nazovemo za deset minuta, pritisnite tipku jedan. "
    "Za dvadeset minuta tipku dva, i tako dalje do tipke devet.",
    Fixed.CONNECTING: "Hvala. Molimo pričekajte, spajamo vas.",
    Fixed.CALLBACK_SORRY: "Ispričavamo se, s naše je strane došlo do pogreške. Nazvat ćemo vas ponovno. Doviđenja.",
    Fixed.CUT_OFF_BEFORE: "Žao nam je, naš prošli poziv je prekinut.",
    Fixed.AGENT_LOST: "Žao nam je, veza nije uspostavljena. Vi ste sljedeći na redu.",
    Fixed.CALLBACK_LATER: "Pokušat ćemo ponovno kasnije. Doviđenja.",
    Fixed.AGENT_LOGGED_IN: "Prijavljeni ste.",
    Fixed.AGENT_LOGGED_OUT: "Odjavljeni ste.",
    Fixed.AGENT_PAUSED: "Na pauzi ste.",
    Fixed.AGENT_BACK_WHEN: "Unesite za koliko se minuta vraćate, a zatim pritisnite tipku ljestve.",
    Fixed.AGENT_BACK_NOTED: "Hvala. Očekujemo vas do tada.",
    Fixed.AGENT_MISSED: "Bili ste na pauzi jer niste odgovorili na pozive.",
    Fixed.AGENT_UNPAUSED: "Ponovno ste dostupni.",
    Fixed.AGENT_ACCEPT: "Imate poziv. Da biste ga preuzeli, pritisnite tipku jedan.",
    Fixed.AGENT_WRAP_UP_LONGER: "Vrijeme za završnu obradu je produljeno.",
    Fixed.AGENT_READY: "Završna obrada je gotova.",
    Fixed.AGENT_CALLED_IN: "Pozvani ste iz pričuve.",
    Fixed.AGENT_SENT_HOME: "Ponovno ste u pričuvi.",
    Fixed.NOT_AN_AGENT: "Ovaj telefon ne pripada nijednom agentu.",
    Fixed.NOT_NOW: "To trenutačno nije moguće.",
}


DAYS = {
    Day.TODAY: "danas",
    Day.TOMORROW: "sutra",
    Day.MONDAY: "u ponedjeljak",
    Day.TUESDAY: "u utorak",
    Day.WEDNESDAY: "u srijedu",
    Day.THURSDAY: "u četvrtak",
    Day.FRIDAY: "u petak",
    Day.SATURDAY: "u subotu",
    Day.SUNDAY: "u nedjelju",
    Day.IN_A_WEEK: "točno za tjedan dana",
}


def minutes(n: int) -> str:
    """Accusative: jednu minutu, dvije minute, pet minuta."""
    noun = "minutu" if like_one(n) else "minute" if few(n) else "minuta"
    return f"{spell(n, SMALL_FEMININE, TENS, 'sto')} {noun}"


def hours(n: int, half: bool = False) -> str:
    """Accusative: jedan sat, sat i pol, dva sata, dva i pol sata, pet sati."""
    if n == 1 and half:
        return "sat i pol"
    noun = "sat" if like_one(n) else "sata" if few(n) else "sati"
    return f"{spell(n, SMALL, TENS, 'sto')}{' i pol' * half} {noun}"


def duration(total: int) -> str:
    whole, rest = divmod(total, 60)
    return hours(whole, half=bool(rest)) if whole else minutes(rest)


def at(minute: int) -> str:
    whole, rest = divmod(minute, 60)
    return f"u {hours(whole)}{f' i {minutes(rest)}' if rest else ''}"


def place(n: int) -> str:
    """1 to 100 as an ordinal, locative: prvom, dvadesetom, dvadeset prvom."""
    if n == 100:
        return "stotom"
    if n < 10:
        return PLACES[n]
    if n < 20 or n % 10 == 0:
        return spell(n, SMALL, TENS, "sto") + "om"
    return f"{TENS[n // 10]} {PLACES[n % 10]}"


def introduction(company: str) -> str:
    return f"Dobar dan, ovdje {company}." if company else "Dobar dan."


LANGUAGE = Language(
    code="hr",
    name="hrvatski",
    voice="hr",
    fixed=FIXED,
    greeting=lambda company: f"{introduction(company)} Hvala na pozivu.",
    hello=lambda company: f"{introduction(company)} Zovemo vas jer ste zatražili povratni poziv.",
    menu="Molimo odaberite tipkom ili ostanite na liniji.",
    choice="Za hrvatski",
    way_out="Ako želite napustiti red čekanja",
    crisis="Poznat nam je problem i radimo na njemu. Trenutačno nas zove mnogo ljudi.",
    position=lambda n: f"Na {place(n)} ste mjestu u redu čekanja.",
    hundred_ahead="Ispred vas čeka najmanje sto pozivatelja.",
    wait_below=lambda total: f"Predviđamo da ćete čekati najviše {duration(total)}.",
    wait_above_hour="Predviđamo da ćete čekati više od jednog sata.",
    call_again=lambda total: f"Ponovno ćemo vas nazvati za {minutes(total)}. Doviđenja.",
    call_within=lambda total: f"Očekujemo da ćemo vas nazvati najkasnije za {duration(total)}.",
    slot_choice_day=lambda day: f"Da vas nazovemo {DAYS[day]}",
    call_at_day=lambda day: f"Nazvat ćemo vas {DAYS[day]}",
    at=at,
    press=lambda key: f"pritisnite tipku {SMALL[key]}.",
    press_star="pritisnite tipku zvjezdice.",
    press_hash="pritisnite tipku ljestve.",
    digits=SMALL[:10],
    plus="plus",
    withheld="skriveni broj",
)
