"""What a request, as it was sent, is worth: valid, invalid, or such that correct servers differ."""
