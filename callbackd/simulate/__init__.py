"""An invented day through the real decision core: a virtual clock, an imaginary PBX, and people with their habits."""
