"""Words that tell of harm in paths, operationIds and summaries, and the places in which they count."""

import re

from specduet.specs.inference.words import split_words, to_verb, word_set

Phrase = tuple[str, ...]


def phrase_set(text: str) -> frozenset[Phrase]:
    """Return the phrases of a text: spaces separate phrases, underscores the words of one."""
    return frozenset(tuple(phrase.split("_")) for phrase in text.split())


LOGOUTS = phrase_set("logout log_out signout sign_out signoff sign_off logoff log_off end_session kill_session")
CREDENTIAL_VERBS = phrase_set("revoke rotate regenerate reissue deauthorize unregister deregister")
STOPS = phrase_set("shutdown shut_down restart reboot terminate kill halt quit poweroff power_off panic abort")
ERASURES = phrase_set(
    "purge wipe truncate flush reset erase factory_reset destroy empty clear delete remove drop prune"
)
OVERHAULS = phrase_set(
    "restore migrate upgrade downgrade uninstall install failover import bootstrap rollback roll_back"
)
SWITCHES = phrase_set(
    "enable disable toggle stop pause suspend lock freeze deactivate activate cancel invalidate turn_on turn_off"
)
DEMOTIONS = phrase_set("assign unassign grant revoke remove update set change replace sync transfer demote promote")
SESSIONS = word_set("session sessions")
BULK = word_set("bulk batch all multiple mass")
BULK_CHANGES = word_set("set update cancel change edit patch archive assign move stop pause state replace close")
CREDENTIALS = word_set("password passwd email mfa 2fa totp otp passkey secret credentials token apikey")
ROLES = word_set("role roles permission permissions member members membership memberships privilege privileges")
SETTINGS = word_set("maintenance settings setting configuration config license licence lockdown readonly")
CALLERS = word_set("me self myself whoami current currentuser")
CALLER_THINGS = word_set("user account profile me self myself currentuser")
DEPARTURES = word_set("deactivate disable delete close leave suspend demote remove cancel terminate")

_FILLERS = word_set(
    "all every everything everywhere now force forced bulk user users session sessions token tokens key keys api "
    "secret secrets credential credentials service server node cluster system database databases db cache caches data "
    "queue storage state store the current me self other others device devices sso saml oidc backchannel frontchannel "
    "access refresh global instance app application password index indexes log logs history events messages jobs"
)
_ARTICLES = word_set("the a an all of your my this current user to bulk api force any currently existing")


def find_phrase(name: str, phrases: frozenset[Phrase]) -> str:
    """Return the phrase that a part of a path says, empty where it says none: ``purge-cache`` says ``purge``.

    The phrase is at its beginning or its end, and other words only name the thing: ``reset-schedules`` says nothing.
    """
    words = split_words(name)
    for phrase in phrases:
        size = len(phrase)
        for place, others in ((words[:size], words[size:]), (words[-size:], words[:-size])):
            if place == phrase and _FILLERS.issuperset(others):
                return " ".join(phrase)
    return ""


def find_leading_phrase(text: str, phrases: frozenset[Phrase]) -> str:
    """Return the phrase with which a summary or an operationId begins, empty where it begins with none."""
    words = [to_verb(word) for word in split_words(text)[:4]]
    while words and words[0] in _ARTICLES:
        del words[0]
    for phrase in phrases:
        if tuple(words[: len(phrase)]) == phrase:
            return " ".join(phrase)
        # "Log the user out", "Logs out the current user"
        if (
            len(phrase) == 2
            and words[:1] == [phrase[0]]
            and re.search(rf"^\W*\w+ (\w+ ){{0,3}}{phrase[1]}\b", text, re.IGNORECASE)
        ):
            return " ".join(phrase)
    return ""
