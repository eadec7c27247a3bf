"""IKEv1 responder (RFC 2407, 2408, 2409, 3947, 3706)."""
