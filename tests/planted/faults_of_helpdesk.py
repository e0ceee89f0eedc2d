"""Faults of the helpdesk."""

from tests.planted.changes import (
    answer_without_asking,
    change_body,
    change_rows,
    ignore_body,
    ignore_query,
    set_header,
    set_status,
    skip_action,
)
from tests.planted.fault import (
    clamp_query,
    drop_values,
    fail_where,
    fill_body,
    forget_parent,
    group_faults,
    has_value,
    open_door,
    remembering,
    reset_others,
    reverse_rows,
    set_values,
    swap_query,
)
from tests.planted.services.helpdesk import TOKEN

_ERROR = range(400, 500)
_TICKET, _COMMENT = "/tickets/{n}", "/tickets/{n}/comments/{c}"

_STATED = group_faults(
    "helpdesk",
    "stated",
    (f"GET {_TICKET}", "priority is above its maximum", change_body(set_values(priority=9)), "SD207"),
    (f"GET {_TICKET}", "number is a text", change_body(set_values(number="17")), "SD205"),
    (
        f"GET {_TICKET}",
        "the e-mail address is missing",
        change_body(lambda row: {**row, "requester": {"name": "Ann"}}),
        "SD204",
    ),
    ("GET /tickets", "rows have a negative count", change_rows("data", set_values(comment_count=-1)), "SD207"),
    ("GET /tickets", "next is missing", change_body(drop_values("next")), "SD204"),
    ("GET /tickets", "limit has no maximum", clamp_query("limit", "100"), "SD301"),
    ("GET /tickets", "status may be anything", clamp_query("status", "open"), "SD301"),
    ("GET /tickets", "sort may be anything", clamp_query("sort", "priority"), "SD301"),
    ("POST /tickets", "subject has no maximum", fill_body(subject="Help"), "SD302"),
    (
        "POST /tickets",
        "the requester may lack a name",
        fill_body(requester={"name": "Ann", "email": "a@example.com"}),
        "SD302",
    ),
    ("POST /tickets", "the status is 200", set_status(200), "SD101"),
    (f"PATCH {_TICKET}", "priority may be anything", fill_body(priority=2), "SD302"),
    (f"PATCH {_TICKET}", "an assignee that is null fails", fail_where(has_value("assignee", None)), "SD701"),
    (f"GET {_TICKET}", "an error is plain JSON", set_header("content-type", "application/json", of=_ERROR), "SD102"),
    (f"GET {_COMMENT}", "an error has no title", change_body(drop_values("title"), statuses=_ERROR), "SD204"),
    ("GET /tickets", "no token is needed", open_door("authorization", f"Bearer {TOKEN}"), "SD4"),
    ("GET /tickets", "WWW-Authenticate is missing", set_header("www-authenticate", None, of=_ERROR), "SD107"),
    (f"POST {_TICKET}/comments", "text may be empty", fill_body(text="x"), "SD302"),
    (f"GET {_COMMENT}", "author is null", change_body(set_values(author=None)), "SD203"),
    (f"GET {_COMMENT}/replies", "written_at is no time", change_rows("data", set_values(written_at="now")), "SD206"),
    (f"POST {_COMMENT}/replies", "internal is a number", change_body(set_values(internal=0)), "SD205"),
)

_IMPLIED = group_faults(
    "helpdesk",
    "conventional",
    ("GET /tickets", "status filters nothing", ignore_query("status"), "SD51 SD525"),
    ("GET /tickets", "assignee filters nothing", ignore_query("assignee"), "SD51 SD525"),
    ("GET /tickets", "after has no effect", ignore_query("after"), "SD505 SD504"),
    ("GET /tickets", "limit has no effect", ignore_query("limit"), "SD50"),
    ("GET /tickets", "sort=-priority ascends", swap_query("sort", lambda text: text.lstrip("-")), "SD506 SD507"),
    (f"PATCH {_TICKET}", "other fields are reset", reset_others(priority=3, subject="Help"), "SD627"),
    (f"PATCH {_TICKET}", "the subject is not changed", ignore_body("subject"), "SD625"),
    (f"POST {_TICKET}/close", "nothing is closed", skip_action(), "SD629"),
    (f"DELETE {_COMMENT}", "nothing is deleted", answer_without_asking(204), "SD626"),
    (f"GET {_COMMENT}", "comments are shown below every ticket", remembering(forget_parent), "SD634"),
    (f"GET {_TICKET}/comments", "the newest comment comes first", change_body(reverse_rows("data")), "SD506"),
    ("POST /tickets", "labels are forgotten", ignore_body("labels"), "SD620 SD619"),
)

FAULTS = (*_STATED, *_IMPLIED)
