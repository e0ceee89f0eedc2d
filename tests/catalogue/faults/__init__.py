"""The faulty servers, by what they break."""
