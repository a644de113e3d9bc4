"""Movies and image sequences: the depth of their frames without flicker. numpy alone, but for reading movies."""
