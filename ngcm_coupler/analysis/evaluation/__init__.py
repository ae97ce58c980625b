"""What a reviewer asks of a run: its means beside observed ones, its noise, its rain."""
