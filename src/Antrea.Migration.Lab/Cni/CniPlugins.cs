using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;

namespace Antrea.Migration.Lab.Cni;

/// <summary>The plugins the lab has, by type, and how a chain of them is run.</summary>
/// <remarks>A plugin runs only when its binary lies in the Node's <c>/opt/cni/bin</c>. Source: libcni (containernetworking/cni).</remarks>
internal sealed class CniPlugins
{
    public const string BinDirectory = "/opt/cni/bin";

    private readonly Dictionary<string, ICniPlugin> _plugins;

    public CniPlugins(ObjectStore store, CalicoIpamPlugin ipam)
    {
        var accepted = new AcceptedPlugin();
        _plugins = new(StringComparer.Ordinal)
        {
            ["calico"] = new CalicoPlugin(store, ipam),
            ["antrea"] = new AntreaPlugin(),
            ["multus"] = new MultusPlugin(this, store),
            ["portmap"] = new PortmapPlugin(store),
            ["bandwidth"] = accepted,
            ["tuning"] = accepted,
            ["loopback"] = accepted,
        };
    }

    /// <summary>Runs a chain's ADDs in order; when one fails, what was added is deleted again.</summary>
    /// <exception cref="CniException">A plugin failed or is missing.</exception>
    public ImmutableArray<CniAddress> Add(CniNetwork network, CniInvocation invocation)
    {
        var addresses = ImmutableArray<CniAddress>.Empty;
        for (var i = 0; i < network.Plugins.Length; i++)
        {
            try
            {
                addresses = [.. addresses, .. Find(network.Plugins[i], invocation.Node).Add(invocation, network.Plugins[i])];
            }
            catch (CniException)
            {
                foreach (var added in network.Plugins.Take(i).Reverse())
                {
                    Find(added, invocation.Node).Delete(invocation, added);
                }

                throw;
            }
        }

        return addresses;
    }

    /// <summary>Runs a chain's DELs in reverse order.</summary>
    /// <exception cref="CniException">A plugin failed or is missing.</exception>
    public void Delete(CniNetwork network, CniInvocation invocation)
    {
        foreach (var plugin in network.Plugins.Reverse())
        {
            Find(plugin, invocation.Node).Delete(invocation, plugin);
        }
    }

    private ICniPlugin Find(JsonObject config, LabNode node)
    {
        var type = config.Text("type") ?? "";
        return !node.Files.FileExists($"{BinDirectory}/{type}")
            ? throw new CniException($"failed to find plugin \"{type}\" in path [{BinDirectory}]")
            : _plugins.GetValueOrDefault(type)
                ?? throw new CniException($"the lab knows no CNI plugin \"{type}\"; it has {string.Join(", ", _plugins.Keys)}");
    }

    /// <summary>bandwidth and its like: accepted, without an effect that the lab's fabric has.</summary>
    private sealed class AcceptedPlugin : ICniPlugin
    {
        public ImmutableArray<CniAddress> Add(CniInvocation invocation, JsonObject config) => [];

        public void Delete(CniInvocation invocation, JsonObject config)
        {
        }
    }
}
