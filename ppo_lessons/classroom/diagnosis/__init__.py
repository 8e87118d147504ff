"""How an answer is looked at, and how what is wrong with it is found and put into words."""
