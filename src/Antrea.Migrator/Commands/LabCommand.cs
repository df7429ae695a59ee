using System.CommandLine;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migrator.Commands;

/// <summary><c>lab</c>, and <c>lab up</c>: a lab cluster that lives as long as the command, for kubectl and other tools.</summary>
internal static class LabCommand
{
    public static Command Create(TextWriter output)
    {
        var name = new Argument<string>("name") { Description = "The cluster's name; decides its addresses.", DefaultValueFactory = _ => ClusterSource.DefaultLab };
        name.Validators.Add(result => CommonOptions.CheckLabName(result, result.Tokens));
        var workers = CommonOptions.Whole("--workers", "How many workers.", 20, 1, ClusterSource.MostLabWorkers);
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Write the kubeconfig to this file; it is removed at the end." };
        var up = new Command("up", "Start a lab cluster and keep it until Ctrl-C.") { name, workers, kubeconfig };
        var controlPlane = new ControlPlaneOption();
        controlPlane.AddTo(up);
        var fabric = new FabricOption();
        fabric.AddTo(up);
        var encapsulation = new CalicoEncapsulationOption();
        encapsulation.AddTo(up);
        var family = new IPFamilyOption();
        family.AddTo(up, controlPlane);
        var antreaEncap = new AntreaEncapOption("Lab: the trafficEncapMode of the Antrea that --manifests writes; encap by default.");
        antreaEncap.AddTo(up);
        var manifests = new Option<string?>("--manifests")
        {
            Description = "Write what a migration installs here into this folder, as antrea.yml and multus.yml, and print the options that name them.",
            HelpName = "FOLDER",
        };
        up.Add(manifests);
        up.SetAction(async (parse, cancellationToken) =>
        {
            await using var lab = await LabCluster.StartAsync(
                family.Apply(parse, new LabClusterOptions
                {
                    Name = parse.GetRequiredValue(name),
                    Workers = parse.GetValue(workers),
                    KubernetesBinaries = controlPlane.Binaries(parse),
                    Fabric = fabric.Kind(parse),
                    CalicoEncapsulation = encapsulation.Kind(parse),
                    AntreaEncap = antreaEncap.Mode(parse) ?? AntreaEncapMode.Encap,
                }),
                cancellationToken);
            var path = parse.GetValue(kubeconfig) ?? lab.KubeconfigPath;
            if (path != lab.KubeconfigPath)
            {
                File.Copy(lab.KubeconfigPath, path, overwrite: false);
            }

            try
            {
                await output.WriteLineAsync($"export KUBECONFIG={path}");
                if (lab.NamespacePrefix is { } prefix)
                {
                    await output.WriteLineAsync($"# its network namespaces: ip netns list | grep {prefix}");
                }

                if (parse.GetValue(manifests) is { } folder)
                {
                    var (antrea, multus) = (Path.Combine(folder, "antrea.yml"), Path.Combine(folder, "multus.yml"));
                    Directory.CreateDirectory(folder);
                    await File.WriteAllTextAsync(antrea, lab.AntreaManifest, cancellationToken);
                    await File.WriteAllTextAsync(multus, LabManifests.Multus(), cancellationToken);
                    await output.WriteLineAsync($"# migrate it with: --antrea-manifest {antrea} --multus-manifest {multus} --node-agent-image {LabManifests.NodeAgentImage}");
                }

                await output.WriteLineAsync("# the cluster ends with this command (Ctrl-C)");
                await output.FlushAsync(cancellationToken);
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return ExitCodes.Success; // Ctrl-C is how it ends.
            }
            finally
            {
                if (path != lab.KubeconfigPath)
                {
                    File.Delete(path);
                }
            }

            return ExitCodes.Success;
        });
        var scenario = new Command("scenario", "Show something on a lab cluster.") { PreTestCommand.Create(output) };
        return new Command("lab", "A lab cluster that needs nothing installed.") { up, scenario };
    }
}
