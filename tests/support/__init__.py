"""What tests share: real processes to test against, and small clients to them."""
