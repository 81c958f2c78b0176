"""What stands out in a table of figures: statistics without a model, and sentences made from them."""
