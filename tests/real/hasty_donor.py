"""`sparecloud-donor`, looking at the chain every few seconds: a test cannot wait for minutes."""

import core.donor
import core.timekeeping
from donor_app.__main__ import main

if __name__ == "__main__":
    core.donor.__dict__["MEASURE_EVERY_S"] = 1
    core.timekeeping.__dict__["LOOK_EVERY_S"] = 1
    main(prog_name="sparecloud-donor")
