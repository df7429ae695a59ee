using Antrea.Migration.StandIns;
using Antrea.Migration.StandIns.AntreaNode;
using Antrea.Migration.StandIns.Calico;
using Antrea.Migration.StandIns.Multus;
using Antrea.Migration.StandIns.Runtime;
using Antrea.Migration.StandIns.Workloads;

// The name it is started under says which program it is, as with busybox.
var name = Path.GetFileName(ProcessName.Get());
try
{
    return name switch
    {
        "install" => CalicoInstaller.Run(),
        "calico-ipam" => 0, // "-upgrade" has nothing to upgrade; as a plugin it is part of calico here.
        "calico-node" => CalicoNode.Run(args),
        "kube-controllers" => Idle.Run(),
        "check-status" => Idle.Check(),
        "calico" => CniPlugin.Run(new CalicoCni()),
        "install_cni" => AntreaInstaller.Run(),
        "antrea-agent" => AntreaAgent.Run(),
        "start_ovs" => OpenVSwitch.RunDaemon(),
        "ovs-vsctl" => OpenVSwitch.Control(args),
        "container_liveness_probe" => Idle.Check(),
        "antrea-controller" => AntreaController.Run(),
        "antrea" => CniPlugin.Run(new AntreaCni()),
        "install_multus" => MultusInstaller.InstallBinary(),
        "thin_entrypoint" => MultusInstaller.GenerateConfig(args),
        "multus" => CniPlugin.Run(new MultusCni()),
        "crictl" => await Crictl.RunAsync(args),
        "client" => await ProbeClient.RunAsync(args),
        _ => throw new StandInException($"there is no stand-in of the name '{name}'"),
    };
}
catch (StandInException e)
{
    Console.Error.WriteLine($"{name}: {e.Message}");
    return 1;
}
