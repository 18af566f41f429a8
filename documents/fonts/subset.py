#!/usr/bin/python3
"""Makes the fonts of the documents from Liberation Sans 2.1.4 (Debian: fonttools; sources: fonts-liberation2).

    subset.py LiberationSans-Regular.ttf JalonSans-Regular.ttf
    subset.py LiberationSans-Bold.ttf JalonSans-Bold.ttf

fpdf reads and embeds a font anew for each document: what no document shows (other symbols, hinting, kerning) would be paid
each time. The licence (OFL.txt) reserves the name Liberation to the original.
"""
import sys

from fontTools import subset

KEPT = ("U+20-7E,U+A0-24F,U+2B0-2FF,U+300-36F,U+370-3FF,U+400-52F,U+1E00-1EFF,"  # Latin, Greek, Cyrillic
        "U+2000-206F,U+20A0-20BF,U+2100-214F,U+2190-2193,U+2212,U+25A1")  # punctuation, currencies, signs, box
NAME = "Jalon Sans"

source, target = sys.argv[1:]
options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, glyph_names=False, recalc_timestamp=False,
                         drop_tables=["FFTM", "GDEF", "GPOS", "GSUB", "gasp", "kern"],
                         name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], name_languages=[0x409])
font = subset.load_font(source, options)
subsetter = subset.Subsetter(options)
subsetter.populate(unicodes=subset.parse_unicodes(KEPT))
subsetter.subset(font)
style = font["name"].getDebugName(2)
full = NAME if style == "Regular" else NAME + " " + style
for id, value in {1: NAME, 3: full + " (from version 2.1.4)", 4: full, 6: NAME.replace(" ", "") + "-" + style}.items():
    font["name"].setName(value, id, 3, 1, 0x409)
subset.save_font(font, target, options)
