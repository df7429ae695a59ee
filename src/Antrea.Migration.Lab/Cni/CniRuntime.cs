using System.Collections.Immutable;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;

namespace Antrea.Migration.Lab.Cni;

/// <summary>The CNI side of a Node's container runtime: which configuration is loaded, and ADD and DEL by it.</summary>
/// <remarks>
/// <para>The first file of <c>/etc/cni/net.d</c> by name with extension <c>.conf</c>, <c>.conflist</c> or <c>.json</c> is the
/// network. When it is broken, nothing is loaded and the Node is not ready. Reloaded when a file of the directory is written, removed or
/// renamed. DEL uses what is loaded then, not what the sandbox was added with.</para>
/// <para>Source: containerd <c>internal/cri</c> and go-cni, <c>max_conf_num</c> 1. Thread-safe.</para>
/// </remarks>
internal sealed class CniRuntime
{
    public const string ConfigDirectory = "/etc/cni/net.d";
    public const string IfName = "eth0";
    private static readonly string[] Extensions = [".conf", ".conflist", ".json"];

    private readonly Lock _gate = new();
    private readonly LabNode _node;
    private readonly CniPlugins _plugins;
    private volatile LoadedConfig _loaded = new(null, "");

    public CniRuntime(LabNode node, CniPlugins plugins)
    {
        _node = node;
        _plugins = plugins;
        node.Files.Changed += directory =>
        {
            if (directory == ConfigDirectory)
            {
                Reload();
            }
        };
        Reload();
    }

    /// <summary>A configuration was loaded, or could not be.</summary>
    public event Action? Reloaded;

    /// <summary>Why no network is loaded; null when one is.</summary>
    public string? Error => _loaded.Network is null ? _loaded.Error : null;

    /// <summary>The loaded network; null when there is none.</summary>
    public CniNetwork? Network => _loaded.Network;

    /// <summary>Gives a sandbox its network; the first address is the Pod's.</summary>
    /// <exception cref="CniException">No network is loaded, or a plugin failed.</exception>
    public ImmutableArray<CniAddress> Add(string containerId, PodNetns netns) =>
        _plugins.Add(Required(), new CniInvocation(_node, containerId, netns, IfName));

    /// <summary>Takes a sandbox's network away by the network loaded now, then the sandbox's own ends of it.</summary>
    /// <exception cref="CniException">No network is loaded, or a plugin failed; the sandbox is as it was left.</exception>
    public void Delete(string containerId, PodNetns netns)
    {
        _plugins.Delete(Required(), new CniInvocation(_node, containerId, netns, IfName));
        Destroy(netns);
    }

    /// <summary>What the end of a network namespace does by itself: its veths and the routes by them go, allocations stay.</summary>
    public void Destroy(PodNetns netns)
    {
        foreach (var port in netns.State.Interfaces)
        {
            if (port.Attachment == AttachmentKind.CalicoVeth
                && _node.Host.State.Veths.TryGetValue(port.HostSide, out var veth) && veth.Pod == netns)
            {
                _node.Host.RemoveVeth(port.HostSide);
            }

            netns.RemoveInterface(port.Name);
        }

        _node.Host.State.Ovs?.RemovePorts(netns);
    }

    private CniNetwork Required()
    {
        var loaded = _loaded;
        return loaded.Network ?? throw new CniException(loaded.Error);
    }

    private void Reload()
    {
        lock (_gate)
        {
            _loaded = Load();
        }

        Reloaded?.Invoke();
    }

    private LoadedConfig Load()
    {
        var first = _node.Files.Files(ConfigDirectory).FirstOrDefault(f => Extensions.Contains(Path.GetExtension(f)));
        if (first is null || !_node.Files.TryRead($"{ConfigDirectory}/{first}", out var text))
        {
            return new(null, $"cni plugin not initialized: no network config found in {ConfigDirectory}");
        }

        try
        {
            return new(CniNetwork.Parse($"{ConfigDirectory}/{first}", text), "");
        }
        catch (CniException e)
        {
            return new(null, $"cni plugin not initialized: {e.Message}");
        }
    }

    private sealed record LoadedConfig(CniNetwork? Network, string Error);
}
