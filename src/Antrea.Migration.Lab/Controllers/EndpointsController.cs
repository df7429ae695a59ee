using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Keeps Endpoints and one EndpointSlice for each Service that has a selector.</summary>
/// <remarks>An address is ready when its Pod is ready and not Terminating (or the Service publishes unready ones). Endpoints
/// leave Terminating Pods out, EndpointSlices show them as such. Pods that find a named targetPort at different numbers make
/// several subsets of Endpoints; the slice then has the ports of the first.</remarks>
internal sealed class EndpointsController(ObjectStore store) : IController
{
    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.Service)
        {
            return [WorkKey.Of(happened)];
        }

        return happened.Resource == ResourceType.Pod
            ? store.PeekAll(ResourceType.Service, happened.Object.NamespaceOf())
                .Where(s =>
                {
                    var selector = LabelSelector.FromMap(s.Object("spec", "selector"));
                    return selector.Matches(happened.Object) || (happened.Previous is { } before && selector.Matches(before));
                })
                .Select(s => new WorkKey(ResourceType.Service, s.NamespaceOf(), s.NameOf()))
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } service)
        {
            store.Delete(ResourceType.Endpoints, key.Namespace, key.Name);
            return null; // the garbage collector takes the slice, which the Service owns
        }

        if (service.Object("spec", "selector") is not { Count: > 0 } selector || service.IsTerminating())
        {
            return null;
        }

        var pods = store.PeekAll(ResourceType.Pod, key.Namespace)
            .Where(p => LabelSelector.FromMap(selector).Matches(p) && !p.HasEnded() && p.Text("status", "podIP") is { Length: > 0 })
            .ToList();
        Write(ResourceType.Endpoints, service, key.Name, new JsonObject { ["subsets"] = Subsets(service, pods) }, owned: false);
        var slice = new JsonObject
        {
            ["addressType"] = pods.Exists(p => p.Text("status", "podIP")!.Contains(':', StringComparison.Ordinal)) ? "IPv6" : "IPv4",
            ["endpoints"] = new JsonArray([.. pods.Select(p => (JsonNode)Endpoint(service, p))]),
            ["ports"] = new JsonArray([.. Ports(service, pods.FirstOrDefault()).Select(p => (JsonNode)p)]),
        };
        Write(ResourceType.EndpointSlice, service, key.Name + "-" + PodTemplates.HashOf(service.UidOf()), slice, owned: true);
        return null;
    }

    private static bool Serves(JsonObject service, JsonObject pod) =>
        (pod.IsReady() || service.Flag("spec", "publishNotReadyAddresses")) && !pod.IsTerminating();

    /// <summary>The Service's ports as this Pod has them; one whose name the Pod does not know is left out.</summary>
    private static IEnumerable<JsonObject> Ports(JsonObject service, JsonObject? pod)
    {
        foreach (var port in service.Items("spec", "ports"))
        {
            var number = port.Number("targetPort");
            if (port.Text("targetPort") is { } name)
            {
                number = pod.Items("spec", "containers").SelectMany(c => c.Items("ports"))
                    .FirstOrDefault(p => p.Text("name") == name && (p.Text("protocol") ?? "TCP") == (port.Text("protocol") ?? "TCP"))
                    .Number("containerPort");
            }

            if (number is { } target)
            {
                var entry = new JsonObject { ["port"] = target, ["protocol"] = port.Text("protocol") ?? "TCP" };
                entry["name"] = port.Text("name") ?? "";
                yield return entry;
            }
        }
    }

    private static JsonArray Subsets(JsonObject service, List<JsonObject> pods) =>
    [
        .. pods.Where(p => !p.IsTerminating())
            .Select(p => (Pod: p, Ports: new JsonArray([.. Ports(service, p).Select(port =>
            {
                if (port.Text("name") is "")
                {
                    port.Remove("name");
                }

                return (JsonNode)port;
            })])))
            .GroupBy(p => p.Ports.ToJsonString(), StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(group =>
            {
                var subset = new JsonObject();
                foreach (var (field, ready) in ((string, bool)[])[("addresses", true), ("notReadyAddresses", false)])
                {
                    var addresses = group.Where(p => Serves(service, p.Pod) == ready).Select(p => (JsonNode)Address(p.Pod)).ToArray();
                    if (addresses.Length > 0)
                    {
                        subset[field] = new JsonArray(addresses);
                    }
                }

                subset["ports"] = group.First().Ports;
                return subset;
            }),
    ];

    private static JsonObject Address(JsonObject pod) => new()
    {
        ["ip"] = pod.Text("status", "podIP"),
        ["nodeName"] = pod.NodeName(),
        ["targetRef"] = Reference(pod),
    };

    private static JsonObject Endpoint(JsonObject service, JsonObject pod) => new()
    {
        ["addresses"] = new JsonArray(pod.Text("status", "podIP")),
        ["conditions"] = new JsonObject
        {
            ["ready"] = Serves(service, pod),
            ["serving"] = pod.IsReady(),
            ["terminating"] = pod.IsTerminating(),
        },
        ["nodeName"] = pod.NodeName(),
        ["targetRef"] = Reference(pod),
    };

    private static JsonObject Reference(JsonObject pod) => new()
    {
        ["kind"] = "Pod",
        ["namespace"] = pod.NamespaceOf(),
        ["name"] = pod.NameOf(),
        ["uid"] = pod.UidOf(),
    };

    private void Write(ResourceType type, JsonObject service, string name, JsonObject content, bool owned)
    {
        if (store.Get(type, service.NamespaceOf(), name) is { } existing)
        {
            foreach (var (field, value) in content)
            {
                existing[field] = value?.DeepClone();
            }

            existing["metadata"]!.AsObject().Remove("resourceVersion");
            store.Update(type, existing);
            return;
        }

        var metadata = new JsonObject { ["name"] = name, ["namespace"] = service.NamespaceOf() };
        if (owned)
        {
            metadata["labels"] = new JsonObject
            {
                ["kubernetes.io/service-name"] = service.NameOf(),
                ["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io",
            };
            metadata["ownerReferences"] = new JsonArray(PodTemplates.OwnerReference(service));
        }

        content["metadata"] = metadata;
        store.Create(type, content);
    }
}
