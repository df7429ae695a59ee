using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration;

namespace Antrea.Migrator.Commands;

/// <summary>Which control plane a lab cluster has: the lab's own, or Kubernetes' programs from a folder.</summary>
internal sealed class ControlPlaneOption
{
    private const string Variable = "KUBEBUILDER_ASSETS";

    private readonly Option<string> _option = new Option<string>("--control-plane")
    {
        Description = $"Lab: embedded (in this process), or real (etcd, kube-apiserver, kube-controller-manager and kube-scheduler from ${Variable}).",
        DefaultValueFactory = _ => "embedded",
        HelpName = "embedded|real",
    }.AcceptOnlyFromAmong("embedded", "real");

    public Option Option => _option;

    public void AddTo(Command command) => command.Add(_option);

    /// <summary>Whether a real one is asked for.</summary>
    public bool IsReal(CommandResult result) => result.GetValue(_option) == "real";

    /// <summary>The folder for <see cref="Antrea.Migration.Lab.LabClusterOptions.KubernetesBinaries"/>; null for the embedded one.</summary>
    /// <exception cref="MigrationException">A real one is asked for, and nothing says where its programs are.</exception>
    public string? Binaries(ParseResult parse) =>
        parse.GetValue(_option) == "embedded"
            ? null
            : Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder
                ? folder
                : throw new MigrationException(
                    $"--control-plane real needs Kubernetes' programs, and {Variable} names no folder with them.",
                    $"On Debian 12: export {Variable}=\"$(eng/kubernetes.sh)\". Elsewhere setup-envtest's folder, with kube-controller-manager and kube-scheduler added.");
}
