import Hummingbird
print("stand-in")
