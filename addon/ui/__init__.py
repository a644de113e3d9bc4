"""What an artist sees: operators, panels, menus and preferences. Thin, and imported by nobody but `addon` itself."""
