"""What every protocol is built of; standard library only."""
