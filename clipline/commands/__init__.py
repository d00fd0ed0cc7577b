"""The commands, one file per family. With ``clipline.cli`` a composition root: may import all of ours."""
