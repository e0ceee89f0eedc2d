"""Members of statuses: those of jobs, which move by themselves, and those that people move."""

from specduet.specs.inference.words import word_set

WAITING = word_set(
    "queued pending created scheduled submitted waiting new accepted requested enqueued initializing "
    "initiated starting not_started received preparing validating pending_processing in_queue unstarted"
)
RUNNING = word_set(
    "running in_progress processing started executing working building rendering uploading transcoding "
    "ingesting generating active paused retrying cancelling canceling stopping requires_action finalizing "
    "importing exporting encoding analyzing syncing sending downloading deploying provisioning transferring"
)
DONE = word_set(
    "completed complete succeeded success successful done finished ok processed partially_completed ready available"
)
FAILED = word_set("failed failure error errored refused timed_out timeout expired rejected crashed incomplete invalid")
STOPPED = word_set("cancelled canceled aborted terminated stopped skipped killed revoked")
# families that people move, each from its beginning to its end; members of one group are alike
FAMILIES: tuple[tuple[str, ...], ...] = (
    (
        "draft",
        "review in_review pending_review submitted",
        "scheduled approved",
        "published live public",
        "unpublished private",
        "archived retired deleted trashed",
    ),
    (
        "open new reopened created",
        "triaged assigned acknowledged",
        "in_progress active on_hold pending waiting",
        "resolved fixed",
        "closed wontfix done",
    ),
    (
        "todo to_do not_started backlog open planned new pending",
        "doing in_progress started active blocked on_hold in_review",
        "done completed complete finished",
        "archived cancelled canceled",
    ),
    (
        "pending invited unverified new created trial trialing",
        "active enabled verified",
        "suspended paused past_due locked",
        "inactive disabled deactivated blocked banned unpaid",
        "expired cancelled canceled closed deleted archived terminated",
    ),
    ("available", "pending reserved on_hold", "sold adopted taken unavailable discontinued"),
    ("online", "offline"),
    ("enabled on", "disabled off"),
    ("running started on starting", "paused suspended stopping", "stopped off terminated"),
)
# families that go forward: the members of each group, and the numbers of the groups that follow
FORWARD_FAMILIES: tuple[tuple[tuple[str, tuple[int, ...]], ...], ...] = (
    (
        ("pending requested submitted open in_review", (1, 2, 3)),
        ("approved accepted confirmed", (3,)),
        ("rejected declined denied", ()),
        ("cancelled canceled withdrawn expired revoked", ()),
    ),
    (
        ("draft pending created new placed open unpaid awaiting_payment", (1, 2, 3, 4, 6)),
        ("authorized confirmed accepted approved paid sent", (2, 3, 4, 5, 6)),
        ("processing preparing packed in_progress", (3, 4, 5, 6)),
        ("shipped dispatched in_transit out_for_delivery partially_shipped overdue past_due", (4, 5)),
        ("delivered completed fulfilled", (5,)),
        ("returned refunded partially_refunded disputed uncollectible written_off", ()),
        ("cancelled canceled void voided failed rejected expired", ()),
    ),
)
ENDS = word_set(
    "cancelled canceled refunded returned rejected declined denied expired void voided deleted terminated "
    "withdrawn revoked failed written_off trashed"
)
TARGETS: dict[str, str] = {
    "cancel": "cancelled canceled",
    "approve": "approved accepted",
    "reject": "rejected declined denied",
    "decline": "declined rejected",
    "deny": "denied rejected declined",
    "accept": "accepted approved",
    "close": "closed done resolved",
    "open": "open opened active",
    "reopen": "open reopened opened",
    "archive": "archived",
    "unarchive": "active open published draft",
    "restore": "active open published",
    "publish": "published live",
    "unpublish": "unpublished draft",
    "start": "running started in_progress active processing",
    "begin": "running started in_progress",
    "run": "running in_progress queued",
    "execute": "running in_progress queued",
    "launch": "running launched active",
    "pause": "paused suspended on_hold",
    "hold": "on_hold held paused",
    "suspend": "suspended paused inactive disabled",
    "resume": "running active in_progress open",
    "unpause": "running active",
    "unsuspend": "active",
    "stop": "stopped cancelled canceled off ended",
    "terminate": "terminated cancelled canceled stopped",
    "abort": "aborted cancelled canceled",
    "end": "ended completed finished",
    "complete": "completed complete done finished",
    "finish": "finished completed done complete",
    "finalize": "finalized open completed",
    "activate": "active enabled activated",
    "reactivate": "active enabled",
    "deactivate": "inactive disabled deactivated",
    "enable": "enabled active",
    "disable": "disabled inactive",
    "confirm": "confirmed succeeded processing",
    "verify": "verified active",
    "submit": "submitted pending in_review",
    "ship": "shipped",
    "deliver": "delivered",
    "fulfill": "fulfilled completed",
    "pay": "paid",
    "capture": "captured succeeded paid",
    "refund": "refunded",
    "void": "void voided",
    "retry": "queued pending running retrying",
    "restart": "running starting queued pending",
    "resolve": "resolved closed",
    "acknowledge": "acknowledged",
    "block": "blocked",
    "unblock": "active",
    "ban": "banned blocked",
    "lock": "locked",
    "unlock": "unlocked active open",
    "send": "sent",
    "expire": "expired",
    "revoke": "revoked",
    "schedule": "scheduled",
    "merge": "merged",
    "return": "returned",
    "renew": "active",
    "snooze": "snoozed",
    "dismiss": "dismissed",
    "release": "released",
    "withdraw": "withdrawn",
    "fail": "failed",
    "sign": "signed",
    "claim": "claimed",
    "mark_paid": "paid",
    "checkout": "checked_out completed",
    "delete": "deleted",
}
