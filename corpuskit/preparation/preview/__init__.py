"""What a preparation will make and take, before it is done."""
