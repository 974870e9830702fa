"""The texts that an export is calibrated, verified and judged with."""
