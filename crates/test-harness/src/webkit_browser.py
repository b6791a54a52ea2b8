"""A browser of WebKitGTK for WebDriver, as MiniBrowser is, with what the tests need besides: a
profile that can be kept, what the visitor prefers, and on standard error what the browser logs.

WebKitWebDriver starts it with `--automation`; `webkit.rs` beside it says with what else.
"""

import argparse
import os

import gi

for version in ("4.1", "4.0"):
    try:
        gi.require_version("WebKit2", version)
        break
    except ValueError:
        continue
gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk, WebKit2  # noqa: E402

# The driver lets standard error through alone; all processes of the browser inherit both.
os.dup2(2, 1)

arguments = argparse.ArgumentParser()
arguments.add_argument("--automation", action="store_true")
arguments.add_argument("--profile", required=True, help="where all is kept")
arguments.add_argument("--dark", action="store_true")
arguments.add_argument("--still", action="store_true")
options = arguments.parse_args()

preferences = Gtk.Settings.get_default()
preferences.set_property("gtk-application-prefer-dark-theme", options.dark)
preferences.set_property("gtk-enable-animations", not options.still)

# Not an ephemeral one, of which WebKit logs nothing.
data = WebKit2.WebsiteDataManager(
    base_data_directory=f"{options.profile}/data",
    base_cache_directory=f"{options.profile}/cache",
)
# No network but this machine's own servers, so that a test runs the same wherever it runs. Nobody
# listens at that port.
data.set_network_proxy_settings(
    WebKit2.NetworkProxyMode.CUSTOM,
    WebKit2.NetworkProxySettings.new(
        "http://127.0.0.1:9", ["127.0.0.1", "localhost"]
    ),
)
context = WebKit2.WebContext.new_with_website_data_manager(data)

settings = WebKit2.Settings()
# There is no hardware for it, and to draw as if there were takes half of a test's time.
settings.set_property(
    "hardware-acceleration-policy", WebKit2.HardwareAccelerationPolicy.NEVER
)
# Pages of a test may do so in the other browsers too.
settings.set_property("javascript-can-open-windows-automatically", True)
settings.set_property("enable-write-console-messages-to-stdout", True)

# Nothing else keeps the views alive.
views = []


def new_view(opener=None):
    if opener:
        its = {"related_view": opener}
    else:
        its = {"web_context": context}
    view = WebKit2.WebView(settings=settings, is_controlled_by_automation=True, **its)
    window = Gtk.Window()
    window.set_default_size(1280, 800)
    window.add(view)

    def focus(window, event):
        # What a window manager would do.
        window.get_window().focus(Gdk.CURRENT_TIME)
        view.grab_focus()

    def close(view):
        views.remove(view)
        window.destroy()

    def ended(view, reason):
        print(f"the page's process has ended: {reason.value_nick}", flush=True)

    def allow(view, request):
        request.allow()
        return True

    view.connect("create", lambda opener, action: new_view(opener))
    view.connect("close", close)
    view.connect("web-process-terminated", ended)
    view.connect("permission-request", allow)
    window.connect("map-event", focus)
    window.show_all()
    views.append(view)
    return view


def started(context, session):
    # The driver compares these with the capabilities that are asked for.
    about = WebKit2.ApplicationInfo()
    about.set_name("Cliplet's tests")
    about.set_version(
        WebKit2.get_major_version(),
        WebKit2.get_minor_version(),
        WebKit2.get_micro_version(),
    )
    session.set_application_info(about)
    session.connect("create-web-view", lambda session: new_view())


context.set_automation_allowed(True)
context.connect("automation-started", started)
Gtk.main()
