namespace Antrea.Migration.StandIns;

/// <summary>Files that an installer puts on its Node, through the mounts that the manifests give it.</summary>
internal static class HostFiles
{
    public const string BinDirectory = "/host/opt/cni/bin";

    public const string ConfigDirectory = "/host/etc/cni/net.d";

    /// <summary>Copies this very program under a plugin's name; replaced by rename, as another process may be running it.</summary>
    public static void InstallPlugin(string name)
    {
        Directory.CreateDirectory(BinDirectory);
        var temporary = $"{BinDirectory}/.{name}.new";
        File.Copy("/proc/self/exe", temporary, overwrite: true);
        File.SetUnixFileMode(temporary, (UnixFileMode)Convert.ToInt32("755", 8));
        File.Move(temporary, $"{BinDirectory}/{name}", overwrite: true);
    }

    /// <summary>Writes a file so that a runtime that watches the folder sees all of it: temporary name, rename.</summary>
    public static void Write(string path, string content, int mode = 384)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = path + ".tmp";
        File.WriteAllText(temporary, content);
        File.SetUnixFileMode(temporary, (UnixFileMode)mode);
        File.Move(temporary, path, overwrite: true);
    }
}
