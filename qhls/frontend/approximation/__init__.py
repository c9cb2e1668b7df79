"""Fixed-point models near models that have no exact form: approximations, rounded weights, ends for the host."""
