import CCurl
import Crypto
import Subprocess
import Workflow
