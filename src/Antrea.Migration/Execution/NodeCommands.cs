using System.Text;

namespace Antrea.Migration.Execution;

/// <summary>Every command the migration runs on a Node. Their shell text lives here and nowhere else.</summary>
public static class NodeCommands
{
    /// <summary>Where the container runtime looks for CNI configurations.</summary>
    public const string CniConfigDirectory = "/etc/cni/net.d";

    /// <summary>Lists the entries of a directory, one name a line, sorted; nothing when the directory is missing.</summary>
    public static NodeCommand ListDirectory(string path) =>
        new("list-directory", """[ ! -d "$1" ] || LC_ALL=C ls -1A "$1" """.TrimEnd(), [path]);

    /// <summary>Prints a file. Exit code 1 when it does not exist.</summary>
    public static NodeCommand ReadFile(string path) => new("read-file", """cat "$1" """.TrimEnd(), [path]);

    /// <summary>Writes a file so that no reader sees half of it: a temporary name in the same directory, flush, rename.</summary>
    /// <remarks>containerd reloads on rename within the directory, not on a move from elsewhere; the temporary name has
    /// no extension that a runtime would read.</remarks>
    public static NodeCommand WriteFile(string path, string content) =>
        new(
            "write-file",
            """
            umask 077; printf %s "$2" | base64 -d > "$1.antrea-migration" && sync "$1.antrea-migration" && mv -f "$1.antrea-migration" "$1"
            """,
            [path, Convert.ToBase64String(Encoding.UTF8.GetBytes(content))]);

    /// <summary>Removes a file; success when it is already gone.</summary>
    public static NodeCommand RemoveFile(string path) => new("remove-file", """rm -f "$1" """.TrimEnd(), [path]);

    /// <summary>Renames a file within a directory; success when the source is gone and the target is there.</summary>
    public static NodeCommand MoveFile(string from, string to) =>
        new("move-file", """[ ! -e "$1" ] && [ -e "$2" ] || mv -f "$1" "$2" """.TrimEnd(), [from, to]);

    /// <summary>Prints all routes of all tables as JSON (<c>ip -j route show table all</c>).</summary>
    public static NodeCommand ReadRoutes() => new("read-routes", "ip -j route show table all", []);
}
