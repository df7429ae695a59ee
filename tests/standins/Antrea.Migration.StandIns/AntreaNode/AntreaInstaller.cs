namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>Antrea's install-cni container: the plugin, then <c>10-antrea.conflist</c> as the ConfigMap has it.</summary>
/// <remarks>Source: Antrea <c>build/images/scripts/install_cni</c>.</remarks>
internal static class AntreaInstaller
{
    private const int WorldReadable = 420; // 0644

    public static int Run()
    {
        HostFiles.InstallPlugin("antrea");
        HostFiles.Write(
            $"{HostFiles.ConfigDirectory}/10-antrea.conflist", File.ReadAllText("/etc/antrea/antrea-cni.conflist"), WorldReadable);
        return 0;
    }
}
