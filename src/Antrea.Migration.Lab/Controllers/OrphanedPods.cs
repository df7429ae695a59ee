using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Deletes Pods of a Node that has left the cluster, by force: no kubelet will say that they have ended.</summary>
/// <remarks>Source: Kubernetes <c>pkg/controller/podgc</c>, which waits 40 seconds first.</remarks>
internal sealed class OrphanedPods(ObjectStore store) : IController
{
    public IEnumerable<WorkKey> KeysFor(StoreEvent happened) =>
        happened.Resource == ResourceType.Node && happened.Type == StoreEventType.Deleted ? [WorkKey.Of(happened)] : [];

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is null)
        {
            foreach (var pod in store.PeekAll(ResourceType.Pod).Where(p => p.NodeName() == key.Name))
            {
                store.Delete(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf());
            }
        }

        return null;
    }
}
