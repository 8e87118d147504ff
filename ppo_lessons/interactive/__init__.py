"""Figures of the lessons, still and living. Needs the extra `lessons`; the core never imports this.

`*_figures` are still: data in, picture out. A living one is an `Explorer` (`*_explorer`): a pure function, a face, and
knobs; or a `Workbench` around work that goes on (`runs_lab`, `training_dashboard`); or the replay `theatre`. Below them
stand `controls`, `live_figure`, `latest` and `background`.
"""
