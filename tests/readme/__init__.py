"""The README, followed word by word by somebody who has nothing."""
