"""Faults of the cloud for thermostats."""

from tests.planted.changes import (
    change_body,
    change_rows,
    ignore_query,
    read_instead,
    set_header,
    set_status,
)
from tests.planted.fault import (
    accept_always,
    clamp_query,
    drop_values,
    fail_where,
    fill_body,
    group_faults,
    has_value,
    merge_put,
    open_door,
    reverse_rows,
    set_inner,
    set_values,
)
from tests.planted.services.thermostats import KEY

_ERROR = range(400, 500)
_DEVICE = "/devices/{d}"
_GOOD = {"targetTemperature": 20, "mode": "heat"}

_STATED = group_faults(
    "thermostats",
    "stated",
    (f"GET {_DEVICE}", "serialNumber is missing", change_body(drop_values("serialNumber")), "SD204"),
    (
        f"GET {_DEVICE}",
        "the target is above its maximum",
        change_body(set_inner("settings", targetTemperature=31)),
        "SD207",
    ),
    (f"GET {_DEVICE}", "registeredAt is no time", change_body(set_values(registeredAt="2026")), "SD206"),
    ("GET /devices", "online is a text", change_rows("devices", set_values(online="yes")), "SD205"),
    ("GET /devices", "total is missing", change_body(lambda body: body["paging"].pop("total") and None), "SD204"),
    ("GET /devices", "limit has no maximum", clamp_query("limit", "200"), "SD301"),
    ("GET /devices", "model may be anything", clamp_query("model", "plus"), "SD301"),
    ("GET /devices", "outdoor devices fail", fail_where(lambda a: ("model", "outdoor") in a.query), "SD701"),
    (f"GET {_DEVICE}/measurements", "from may be anything", clamp_query("from", "2026-01-01T00:00:00Z"), "SD301"),
    ("POST /devices", "serialNumber may be anything", fill_body(serialNumber="TS000001"), "SD302"),
    ("POST /devices", "the mode may be anything", fill_body(settings=_GOOD), "SD302"),
    (f"PUT {_DEVICE}/settings", "targetTemperature has no maximum", fill_body(targetTemperature=30), "SD302"),
    (f"PUT {_DEVICE}/settings", "displayName has no maximum", fill_body(displayName="Hall"), "SD302"),
    (
        f"PUT {_DEVICE}/settings",
        "a displayName that is null fails",
        fail_where(has_value("displayName", None)),
        "SD701",
    ),
    (f"PUT {_DEVICE}/settings", "mode is null", change_body(set_values(mode=None)), "SD203"),
    (f"POST {_DEVICE}/measurements", "anything is accepted", accept_always(201, {"accepted": 1}), "SD302"),
    (f"POST {_DEVICE}/measurements", "accepted is a text", change_body(set_values(accepted="1")), "SD205"),
    (f"POST {_DEVICE}/commands", "the status is 200", set_status(200), "SD101"),
    (f"POST {_DEVICE}/commands", "delaySeconds has no maximum", fill_body(delaySeconds=1), "SD302"),
    (f"GET {_DEVICE}/commands/{{c}}", "state is none of the members", change_body(set_values(state="lost")), "SD20"),
    (f"GET {_DEVICE}", "an error has no code", change_body(drop_values("code"), statuses=_ERROR), "SD204"),
    ("POST /devices", "an error is text", set_header("content-type", "text/plain", of=_ERROR), "SD102"),
    ("GET /devices", "no key is needed", open_door("x-api-key", KEY), "SD4"),
)

_IMPLIED = group_faults(
    "thermostats",
    "conventional",
    ("GET /devices", "homeId filters nothing", ignore_query("homeId"), "SD51 SD525"),
    ("GET /devices", "model filters nothing", ignore_query("model"), "SD51 SD525"),
    ("GET /devices", "online filters nothing", ignore_query("online"), "SD51 SD525"),
    ("GET /devices", "offset has no effect", ignore_query("offset"), "SD504 SD505"),
    (
        "GET /devices",
        "total is one too many",
        change_body(lambda body: body["paging"].update(total=body["paging"]["total"] + 1)),
        "SD524",
    ),
    (f"GET {_DEVICE}/measurements", "from filters nothing", ignore_query("from"), "SD51 SD525"),
    (f"GET {_DEVICE}/measurements", "to filters nothing", ignore_query("to"), "SD51 SD525"),
    (f"GET {_DEVICE}/measurements", "the newest comes first", change_body(reverse_rows("measurements")), "SD506"),
    (f"PUT {_DEVICE}/settings", "nothing is replaced", read_instead(), "SD625"),
    (f"PUT {_DEVICE}/settings", "what is not sent is kept", merge_put("displayName", "childLock"), "SD628"),
    (f"DELETE {_DEVICE}", "nothing is deleted", read_instead(204), "SD626"),
)

FAULTS = (*_STATED, *_IMPLIED)
