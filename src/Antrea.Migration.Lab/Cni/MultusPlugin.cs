using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Cni;

/// <summary>Multus (thin) with raw delegates: the first is the master, with the runtime's interface and the Pod's address.</summary>
/// <remarks>
/// <para>An ADD is all or nothing. What was delegated is kept in a scratch file, and DEL reads that, not the configuration;
/// without the file DEL succeeds and leaves everything. With <c>kubeconfig</c> the Pod gets the network-status annotation.</para>
/// <para>Source: multus-cni v4 <c>pkg/multus/multus.go</c>. <c>clusterNetwork</c> and network annotations are refused by name.</para>
/// </remarks>
internal sealed class MultusPlugin(CniPlugins plugins, ObjectStore store) : ICniPlugin
{
    private const string NetworksAnnotation = "k8s.v1.cni.cncf.io/networks";

    public ImmutableArray<CniAddress> Add(CniInvocation invocation, JsonObject config)
    {
        var delegates = Delegates(config);
        var hasApi = CheckApi(invocation, config);
        var scratch = Scratch(invocation, config);
        invocation.Node.Files.Write(scratch, JsonSerializer.Serialize(new JsonArray([.. delegates.Select(d => d.DeepClone())])));
        var given = new List<ImmutableArray<CniAddress>>();
        try
        {
            foreach (var one in delegates)
            {
                var ifName = IfName(invocation, given.Count);
                if (invocation.Netns.State.Interface(ifName) is not null)
                {
                    throw new CniException($"Multus: validateIfName: interface name {ifName} already exists");
                }

                given.Add(plugins.Add(CniNetwork.FromDelegate("delegate", one), invocation with { IfName = ifName }));
            }
        }
        catch (CniException e)
        {
            DeleteAll(invocation, delegates.Take(given.Count).ToList(), []);
            invocation.Node.Files.Remove(scratch);
            throw new CniException($"Multus: [{invocation.Netns.Name}]: error adding container to network: {e.Message}", e);
        }

        if (hasApi)
        {
            Annotate(invocation, delegates, given);
        }

        return given[0];
    }

    public void Delete(CniInvocation invocation, JsonObject config)
    {
        var scratch = Scratch(invocation, config);
        if (!invocation.Node.Files.TryRead(scratch, out var text))
        {
            return;
        }

        var errors = new List<string>();
        DeleteAll(invocation, [.. (JsonNode.Parse(text) as JsonArray ?? []).OfType<JsonObject>()], errors);
        invocation.Node.Files.Remove(scratch);
        if (errors.Count > 0)
        {
            throw new CniException($"Multus: [{invocation.Netns.Name}]: error deleting networks: {string.Join("; ", errors)}");
        }
    }

    private static string IfName(CniInvocation invocation, int index) => index == 0 ? invocation.IfName : $"net{index}";

    private static string Scratch(CniInvocation invocation, JsonObject config) =>
        $"{config.Text("cniDir") ?? "/var/lib/cni/multus"}/{invocation.ContainerId}";

    private static List<JsonObject> Delegates(JsonObject config)
    {
        if (config.Text("clusterNetwork") is { Length: > 0 } network)
        {
            throw new CniException($"Multus: the lab reads raw delegates only, not clusterNetwork ({network})");
        }

        var delegates = config.Items("delegates").ToList();
        return delegates.Count > 0 ? delegates : throw new CniException("Multus: must specify at least one delegate");
    }

    private bool CheckApi(CniInvocation invocation, JsonObject config)
    {
        if (config.Text("kubeconfig") is not { Length: > 0 } kubeconfig)
        {
            return false;
        }

        if (!invocation.Node.Files.FileExists(kubeconfig))
        {
            throw new CniException($"Multus: error getting k8s client: stat {kubeconfig}: no such file or directory");
        }

        var pod = store.Peek(ResourceType.Pod, invocation.Netns.PodNamespace, invocation.Netns.PodName);
        return pod.At("metadata", "annotations", NetworksAnnotation) is null
            ? true
            : throw new CniException($"Multus: the lab does not support the Pod annotation {NetworksAnnotation}");
    }

    private void DeleteAll(CniInvocation invocation, IReadOnlyList<JsonObject> delegates, List<string> errors)
    {
        for (var i = delegates.Count - 1; i >= 0; i--)
        {
            try
            {
                plugins.Delete(CniNetwork.FromDelegate("delegate", delegates[i]), invocation with { IfName = IfName(invocation, i) });
            }
            catch (CniException e)
            {
                errors.Add(e.Message);
            }
        }
    }

    private void Annotate(CniInvocation invocation, List<JsonObject> delegates, List<ImmutableArray<CniAddress>> given)
    {
        var status = new JsonArray([.. given.Select((addresses, i) => (JsonNode)new JsonObject
        {
            ["name"] = delegates[i].Text("name"),
            ["interface"] = IfName(invocation, i),
            ["ips"] = new JsonArray([.. addresses.Select(a => (JsonNode)a.Address.ToString())]),
            ["default"] = i == 0,
            ["dns"] = new JsonObject(),
        })]);
        store.Mutate(ResourceType.Pod, invocation.Netns.PodNamespace, invocation.Netns.PodName, json =>
        {
            json.Ensure("metadata").Ensure("annotations")["k8s.v1.cni.cncf.io/network-status"] = status.ToJsonString();
            return true;
        });
    }
}
