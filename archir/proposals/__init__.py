"""Space proposals (HourNAS, section 3.3): distributions over networks that cost what was asked for."""
