"""Verbs with which a summary, an operationId or the last part of a path begins."""

from specduet.specs.inference.words import split_words, to_verb, word_set
from specduet.specs.model import Operation

ACTION_VERBS = word_set(
    "accept acknowledge activate add append approve archive assign attach authorize ban batch block bulk "
    "calculate call cancel capture check claim clear clone close complete compute confirm connect contains "
    "convert copy count deactivate decline deliver demote deploy detach disable disconnect dismiss dispatch "
    "dispute duplicate enable end evaluate execute exists expire export fail finalize finish flag follow freeze "
    "fulfill generate hide import increment insert install invalidate invite invoke join kick leave like link "
    "lock login logout mark merge migrate move mute next notify open pause pay ping play poll preview previous "
    "process promote publish purge query queue reactivate read rebuild recalculate reconnect refresh refund "
    "regenerate reindex reject release reload remind remove rename render reopen reorder repeat replay reply "
    "reprocess request rerun resend reset resolve restart restore resume retry return revert review revoke rotate "
    "run save scan schedule search seek send share ship shuffle sign simulate skip snooze sort split star start "
    "stop submit subscribe suspend swap switch sync synchronize take terminate test toggle transfer translate "
    "trigger unarchive unassign unban unblock undelete undo unfollow unfreeze unlike unlink unlock unmute "
    "unpublish unshare unstar unsubscribe unsuspend unwatch upgrade validate verify void vote watch withdraw "
    "write yank"
)
# nouns as often as verbs: they are actions only where nothing says that rows are behind them
NOUNS_TOO = word_set(
    "batch block call check claim copy count deploy dispute export flag import invite like link lock mark next "
    "open pay play poll preview process query queue release reply request reset return review run schedule share "
    "ship sign sort split star start stop test transfer trigger vote watch read search"
)
QUERIES = word_set("search query contains check exists count validate verify preview calculate ping")
SEARCHES = word_set("search query count")
READ_VERBS = word_set("get list retrieve fetch show find read return view display describe lookup query")
CREATE_VERBS = word_set(
    "create add new post upload generate register make insert issue open start send submit authenticate put save "
    "record place schedule request invite book log import append publish store build define initiate setup "
    "provision login ingest sign enqueue launch buy order purchase subscribe"
)
UPDATE_VERBS = word_set("update replace set edit change modify put upsert patch configure save rename adjust")
DELETE_VERBS = word_set("delete remove destroy clear erase drop purge cancel unset")
CHECK_VERBS = word_set("check test validate verify ping")
_SKIPPED = word_set("a the api v1 v2 v3 endpoint bulk")


def read_verb(operation: Operation) -> str:
    """Return the verb with which the summary begins, else the operationId; empty where neither has one."""
    for words in (operation.summary.split()[:2], _split_id(_read_id(operation))):
        for word in words:
            verb = to_verb(word.strip(".,:;'\"`()*_"))
            if verb in _SKIPPED or verb == to_verb(operation.method):
                continue
            if is_verb(verb):
                return verb
            break
    return ""


def is_action(verb: str) -> bool:
    """Tell whether a verb is one of actions: ``deliver``, and ``redeliver``."""
    return verb in ACTION_VERBS or (verb.startswith("re") and verb[2:] in ACTION_VERBS)


def is_verb(word: str) -> bool:
    """Tell whether a word in its plain form is a verb that operations begin with."""
    known = is_action(word) or word in READ_VERBS or word in CREATE_VERBS
    return known or word in UPDATE_VERBS or word in DELETE_VERBS


def _read_id(operation: Operation) -> str:
    """Return the operationId, empty for one that was made from method and path."""
    return "" if operation.id == f"{operation.method.lower()}_{operation.path}" else operation.id


def _split_id(operation_id: str) -> tuple[str, ...]:
    return split_words(operation_id.rpartition("/")[2].rpartition(".")[2])[:2]
