namespace Antrea.Migration.Bridge;

/// <summary>A copy of a Node's own <c>10-calico.conflist</c> under a name that sorts before <c>10-antrea.conflist</c>: new Pods stay Calico
/// Pods while Antrea is installed beside it, without Multus.</summary>
/// <remarks>The network's name stays too, so that the addresses of Pods made before and after are freed alike.</remarks>
internal static class HeldConfig
{
    /// <summary>The file's name.</summary>
    public const string FileName = "00-antrea-migration.conflist";

    /// <summary>The file's text.</summary>
    /// <param name="calicoConflist">The Node's own <c>10-calico.conflist</c>.</param>
    /// <param name="node">The Node's name, which the file's <c>nodename</c> must equal.</param>
    /// <exception cref="FormatException">The file is no CNI configuration of Calico's, or is another Node's.</exception>
    public static string HoldCalico(string calicoConflist, string node) => MultusConfig.ReadCalico(calicoConflist, node).ToJsonString(MultusConfig.Indented) + "\n";
}
