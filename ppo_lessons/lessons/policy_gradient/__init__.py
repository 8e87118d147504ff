"""What do we want to make large, and why does this loss do it?"""


