"""Water between the air and the surface: what falls, as rain or as snow, and what columns owe."""
