"""How are many runs made, kept, chosen from and recorded?"""
