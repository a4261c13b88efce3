import ArgumentParser
import Steps
print("runner")
