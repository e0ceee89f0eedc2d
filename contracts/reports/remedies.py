"""What can be done about a finding: the two likely causes, a fault of the service and one of the document."""

from specduet.contracts.findings import Finding

_BY_FAMILY = {
    "response": ("let the service respond as the document says", "document this response"),
    "values": ("let the service send a value that is documented", "allow this value in the document"),
    "refusal": ("let the service refuse the request as documented", "document what the service does"),
    "credentials": (
        "let the service check the credential before anything else",
        "mark the operation as public (security: []); --no-auth where the whole service is meant to be open",
    ),
    "collections": ("let the list keep this rule", "state what the service does in an overlay: specduet overlay FILE"),
    "lifecycle": ("let the service keep this rule", "state what the service does in an overlay: specduet overlay FILE"),
    "robustness": ("handle this request in the service: its log tells more", "refuse it with a documented 4xx"),
}
_BY_CODE = {
    "SD101": ("respond with a documented status", "document this status"),
    "SD106": ("give each mistake the documented fields", "document the errors that the service sends"),
    "SD107": ("send the header as documented", "leave the header out of the document, or make it optional"),
    "SD108": ("respond with a documented status", "document this status"),
    "SD109": ("leave the field out of responses", "drop writeOnly from the document"),
    "SD110": ("turn off the debug mode, and handle the error", "refuse the request with a documented 4xx"),
    "SD111": ("send the header Allow with every 405", "accept it: specduet test … --update-baseline"),
    "SD203": ("send a value, or leave the field out", "let the field be null in the document"),
    "SD204": ("send the field in every response", "leave the field out of required in the document"),
    "SD301": ("check this parameter and refuse the request", "loosen the parameter in the document"),
    "SD302": ("check this part of the body and refuse the request", "loosen the schema in the document"),
    "SD303": ("refuse a body that cannot be read", "document the media types that the service takes"),
    "SD305": ("accept the request", "state the rule that it breaks in the document"),
    "SD404": ("check the credential before the rest of the request", "accept it: specduet test … --update-baseline"),
    "SD405": ("accept the credential of this scheme", "leave the scheme out of security; or give another credential"),
    "SD406": ("leave ids out of refusals", "accept it: specduet test … --update-baseline"),
    "SD630": ("let Location lead to the new row", "accept it: specduet test … --update-baseline"),
    "SD634": ("respond with 404 below any other parent", "accept it: specduet test … --update-baseline"),
    "SD635": ("let the response have values that lead there", "correct the link in the document"),
    "SD636": ("respond with 404 to ids of other kinds", "accept it: specduet test … --update-baseline"),
    "SD702": ("respond in time", "document a stream of events where the response need not end"),
    "SD703": ("respond faster", "allow more: --max-response-time"),
    "SD705": ("keep the service running: its log tells why it stopped", "give it more resources"),
}


def list_remedies(finding: Finding) -> tuple[str, str]:
    """Return what to do where the service is at fault, and where the document is."""
    return _BY_CODE.get(finding.code) or _BY_FAMILY.get(finding.family) or _BY_FAMILY["response"]
